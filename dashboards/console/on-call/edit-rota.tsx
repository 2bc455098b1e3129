import { Button } from '@mantine/core';
import { IconArrowLeft, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Policies } from '#domain/escalation.ts';
import type { Layer, Rota } from '#domain/rota.ts';
import type { RotaView } from '#domain/rota-views.ts';
import { dayIn } from '#domain/zone.ts';
import { usePolicies, useRota, useSaveRota } from '../api/on-call.ts';
import { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { clock } from '../time/clock.ts';
import { useDraft } from './draft.ts';
import { EditHolidays } from './edit-holidays.tsx';
import { EditLayer } from './edit-layer.tsx';
import { Frame, type TeamChoice } from './frame.tsx';
import { faultsIn } from './rota-faults.ts';
import { RotaPreview } from './rota-preview.tsx';
import { SaveBar } from './save-bar.tsx';
import { mondayOf } from './weeks.ts';
import { useFaultWords } from './words.ts';

const layersAtMost = 20;

/** The rota of a team, to be changed, with what it comes to beneath. */
export function EditRotaPage({ of }: { of: TeamChoice }) {
  const { t } = useLanguage();
  const rota = useRota(of.team.id);
  const policies = usePolicies(of.team.id);
  return (
    <Frame page="on-call" of={of}>
      <div className="stack">
        <Link className="back" href={of.link('on-call')}>
          <IconArrowLeft size={18} aria-hidden />
          {t('onCall.rota.back')}
        </Link>
        <Answer of={rota}>
          {(view) => <Answer of={policies}>{({ policies: kept }) => <EditRota view={view} policies={kept} />}</Answer>}
        </Answer>
      </div>
    </Frame>
  );
}

function EditRota({ view, policies }: { view: RotaView; policies: Policies }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const zone = useZone();
  const tell = useTell();
  const draft = useDraft<Rota>(view.rota);
  /** The one that was changed here: a newer one comes without being asked for. */
  const [seen, setSeen] = useState(view.version);
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const save = useSaveRota(view.team);
  const faultWords = useFaultWords(view.people);
  const { value: rota, change } = draft;
  const faults = faultsIn(rota, view.people);
  const faultAt = (pointer: string): string | undefined => {
    const fault = tried ? faults.get(pointer) : undefined;
    return fault && t(`onCall.rota.missing.${fault}`);
  };
  const submit = async (version: number) => {
    setTried(true);
    setRefused(undefined);
    if (faults.size > 0) return;
    try {
      const saved = await save.mutateAsync({ version, rota });
      draft.restart(saved.rota);
      setSeen(saved.version);
      setTried(false);
      tell.done(t('onCall.rota.saved'));
    } catch (fault) {
      if (fault instanceof Refused) setRefused(fault);
      else tell.failed(fault);
    }
  };
  const overtaken = view.version > seen && !draft.changed;
  if (overtaken) {
    draft.restart(view.rota);
    setSeen(view.version);
  }
  const set = (layers: Layer[], what?: string) => change({ ...rota, layers }, what);
  const move = (from: number, by: number) => {
    const layers = [...rota.layers];
    const [moved] = layers.splice(from, 1);
    if (moved) layers.splice(from + by, 0, moved);
    set(layers);
  };
  return (
    <div className="stack">
      <div>
        <h2>{t('onCall.rota.title')}</h2>
        <p className="muted">{t('onCall.rota.lead')}</p>
        {view.updatedBy && view.updatedAt && (
          <p className="muted small">
            {t('onCall.rota.by', {
              who: say(view.updatedBy.name),
              time: times.moment(view.updatedAt, clock.now()),
            })}
          </p>
        )}
      </div>
      {rota.layers.length === 0 && <p className="gap-words">{t('onCall.rota.noLayers')}</p>}
      {rota.layers.map((layer, l) => (
        <EditLayer
          key={layer.id}
          layer={layer}
          people={view.people}
          faultAt={(place) => faultAt(`/layers/${l}${place}`)}
          change={(next, what) => set(rota.layers.with(l, next), what && `${layer.id} ${what}`)}
          up={l > 0 ? () => move(l, -1) : undefined}
          down={l < rota.layers.length - 1 ? () => move(l, 1) : undefined}
          remove={() => set(rota.layers.toSpliced(l, 1))}
        />
      ))}
      {rota.layers.length < layersAtMost && (
        <div>
          <Button
            variant="default"
            leftSection={<IconPlus size={18} aria-hidden />}
            onClick={() =>
              set([...rota.layers, newLayer(rota, t('onCall.rota.newLayer'), dayIn(zone, mondayOf(clock.now(), zone)))])
            }
          >
            {t('onCall.rota.addLayer')}
          </Button>
        </div>
      )}
      <EditHolidays
        rota={rota}
        people={view.people}
        faultAt={faultAt}
        change={(holidays, what) => change({ ...rota, holidays }, what)}
      />
      <RotaPreview rota={rota} view={view} policies={policies} />
      <SaveBar
        draft={draft}
        words={t('onCall.rota.save')}
        busy={save.isPending}
        save={() => void submit(seen)}
        mend={tried && faults.size > 0}
        refused={refused}
        faultWords={faultWords}
        theirs={() => {
          draft.restart(view.rota);
          setSeen(view.version);
          setRefused(undefined);
        }}
        mine={() => {
          setSeen(view.version);
          void submit(view.version);
        }}
      />
    </div>
  );
}

/** Around the clock, by nobody yet. */
function newLayer({ layers }: Rota, name: string, since: string): Layer {
  let n = layers.length + 1;
  while (layers.some(({ id }) => id === `layer-${n}`)) n++;
  return {
    id: `layer-${n}`,
    name: { en: name, zh: name },
    shifts: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }],
    places: [{ people: [] }, { people: [] }],
    since,
    until: null,
    holidaysOnly: false,
  };
}
