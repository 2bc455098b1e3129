import { Button } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useState } from 'react';
import { isPaused, type Pause } from '#domain/care-plan.ts';
import type { PatientView } from '#domain/views.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { MomentField } from '../parts/moment-field.tsx';
import { Select } from '../parts/select.tsx';
import { useTell } from '../parts/tell.ts';
import { clock, useNow } from '../time/clock.ts';
import { usePutting } from './putting.ts';
import { Section } from './section.tsx';
import { usePlanWords } from './words.ts';

const dayMs = 86_400_000;
const reasons = ['holiday', 'hospital-stay', 'device-repair', 'other'] as const satisfies readonly Pause['reason'][];

/** Away until a moment: nothing is expected meanwhile. */
export function PausePart({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const words = usePlanWords();
  const tell = useTell();
  const mayAct = useMayAct();
  const { put, isPending } = usePutting(view);
  useNow(60_000);
  const { pause } = view.carePlan;
  // by the very moment: one that has just begun holds already
  const held = pause && isPaused(view.carePlan, clock.now());
  return (
    <Section
      title={t('plan.pause.title')}
      lead={t('plan.pause.lead')}
      change={mayAct ? t(held ? 'plan.change' : 'plan.pause.begin') : undefined}
      dialog={(close) => <AskPause view={view} close={close} />}
    >
      {held ? (
        <div className="notice">
          <IconPlayerPause size={20} aria-hidden />
          <div>
            <p>{words.pause(pause)}</p>
            {mayAct && (
              <Button
                variant="default"
                size="xs"
                mt={6}
                loading={isPending}
                onClick={() => void put({ part: 'pause', pause: null }, t('plan.pause.ended')).catch(tell.failed)}
              >
                {t('plan.pause.end')}
              </Button>
            )}
          </div>
        </div>
      ) : (
        <p className="muted">{t('plan.pause.none')}</p>
      )}
    </Section>
  );
}

function AskPause({ view, close }: { view: PatientView; close: () => void }) {
  const { t } = useLanguage();
  const words = usePlanWords();
  const { put } = usePutting(view);
  const held = isPaused(view.carePlan, clock.now()) ? view.carePlan.pause : null;
  const [until, setUntil] = useState(() => (held ? Date.parse(held.until) : clock.now() + 7 * dayMs));
  const [reason, setReason] = useState<Pause['reason'] | ''>(held?.reason ?? '');
  const [tried, setTried] = useState(false);
  const now = clock.now();
  const wrong = Number.isNaN(until) || until <= now || until > now + 366 * dayMs;
  return (
    <Dialog
      title={t('plan.pause.title')}
      close={close}
      submitWords={t('plan.pause.begin')}
      faultWords={words.fault}
      submit={async () => {
        setTried(true);
        if (wrong || reason === '') return false;
        const from = held?.from ?? new Date(clock.now()).toISOString();
        const pause = { from, until: new Date(until).toISOString(), reason };
        await put({ part: 'pause', pause }, t('plan.pause.begun'));
        return true;
      }}
    >
      <p>{t('plan.pause.means')}</p>
      <MomentField
        label={t('plan.pause.until')}
        value={until}
        change={setUntil}
        error={tried && wrong ? t('plan.pause.untilWrong') : undefined}
      />
      <Select
        label={t('plan.pause.why')}
        first={t('plan.choose')}
        options={reasons.map((one) => ({ value: one, words: t(`plan.pause.reasons.${one}`) }))}
        value={reason}
        choose={(value) => setReason(reasons.find((one) => one === value) ?? '')}
        error={tried && reason === '' ? t('plan.missing') : undefined}
      />
    </Dialog>
  );
}
