import { Button, Modal } from '@mantine/core';
import { IconBellRinging, IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { SessionView } from '#domain/views.ts';
import { useSignOut } from '../api/actions.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from './tell.ts';
import { GlucoseUnitChoice } from './units.tsx';

/** Who is signed in, how they wish to see values, and the way out. */
export function Account({ session: { clinician, teams } }: { session: SessionView }) {
  const { t, say } = useLanguage();
  const tell = useTell();
  const [opened, setOpened] = useState(false);
  const { mutateAsync, isPending } = useSignOut();
  return (
    <>
      <button
        type="button"
        className="plain-button"
        aria-label={`${t('shell.account')}: ${say(clinician.name)}`}
        onClick={() => setOpened(true)}
      >
        <IconUserCircle size={22} stroke={1.8} aria-hidden />
        <span className="account-name">{say(clinician.name)}</span>
      </button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={say(clinician.name)}
        closeButtonProps={{ 'aria-label': t('common.close') }}
        centered
        size="sm"
      >
        <div className="stack">
          <div>
            <p>{t(`shell.role.${clinician.role}`)}</p>
            <p className="muted">{clinician.email}</p>
            <p className="muted">{teams.map((team) => say(team.name)).join(', ')}</p>
          </div>
          <GlucoseUnitChoice />
          {clinician.role !== 'administrator' && (
            <Button
              component={Link}
              href="/contact"
              variant="default"
              leftSection={<IconBellRinging size={18} aria-hidden />}
              onClick={() => setOpened(false)}
            >
              {t('shell.contact')}
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<IconLogout size={18} aria-hidden />}
            loading={isPending}
            onClick={() => void mutateAsync().catch(tell.failed)}
          >
            {t('shell.signOut')}
          </Button>
        </div>
      </Modal>
    </>
  );
}
