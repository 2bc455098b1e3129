import { TextInput } from '@mantine/core';
import { useState } from 'react';
import type { PatientFound } from '#domain/homes.ts';
import { useAssign, useEndAssignment } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { clock } from '../time/clock.ts';
import { fieldOf, instantOfField } from '../time/format.ts';
import { ChoosePatient } from './choose-patient.tsx';
import { Dialog } from './dialog.tsx';

/** Gives a device, or one user of it, to a patient. Times are those of the care team. */
export function Assign({ source, device, close }: { source: string; device: string; close: () => void }) {
  const { t, say } = useLanguage();
  const tell = useTell();
  const zone = useZone();
  const { mutateAsync } = useAssign();
  const [patient, setPatient] = useState<PatientFound>();
  const [slot, setSlot] = useState('');
  const [begun] = useState(() => fieldOf(clock.now(), zone));
  const [from, setFrom] = useState(begun);
  const [to, setTo] = useState('');
  const [tried, setTried] = useState(false);

  const userSlot = slot.trim() === '' ? null : Number(slot);
  const slotWrong = userSlot !== null && !(Number.isInteger(userSlot) && userSlot >= 0 && userSlot <= 254);
  const fromAt = instantOfField(from, zone);
  const toAt = to === '' ? null : instantOfField(to, zone);
  const timeWrong = Number.isNaN(fromAt) || (toAt !== null && !(toAt > fromAt));

  const submit = async () => {
    setTried(true);
    if (!patient || slotWrong || timeWrong) return false;
    await mutateAsync({
      device,
      source,
      patient: patient.id,
      userSlot,
      // who changed nothing means this moment, and not the full minute before it
      ...(from === begun ? {} : { from: new Date(fromAt).toISOString() }),
      to: toAt === null ? null : new Date(toAt).toISOString(),
    });
    tell.done(t('admin.assign.done', { name: say(patient.name) }));
    return true;
  };
  return (
    <Dialog
      title={t('admin.assign.title', { device })}
      close={close}
      submitWords={t('admin.assign.submit')}
      submit={submit}
    >
      <ChoosePatient chosen={patient} choose={setPatient} missing={tried && !patient} />
      <div className="two fields-side">
        <TextInput
          type="datetime-local"
          label={t('admin.assign.from')}
          description={t('admin.assign.fromMore')}
          value={from}
          error={tried && timeWrong ? t('admin.assign.timeWrong') : undefined}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label={t('admin.assign.to')}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </div>
      <TextInput
        label={t('admin.assign.slot')}
        description={t('admin.assign.slotMore')}
        inputMode="numeric"
        value={slot}
        maxLength={3}
        error={tried && slotWrong ? t('admin.assign.slotWrong') : undefined}
        onChange={(event) => setSlot(event.currentTarget.value)}
      />
    </Dialog>
  );
}

export function EndAssignment(props: {
  id: string;
  how: 'end' | 'undo';
  device: string;
  name: string;
  close: () => void;
}) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync } = useEndAssignment();
  const { id, how, device, name, close } = props;
  const undo = how === 'undo';
  return (
    <Dialog
      title={undo ? t('admin.assign.undoTitle') : t('admin.assign.takeBackTitle', { device })}
      close={close}
      submitWords={t(undo ? 'admin.devices.undo' : 'admin.devices.takeBack')}
      submit={async () => {
        await mutateAsync({ id, how });
        tell.done(t(undo ? 'admin.assign.undone' : 'admin.assign.takenBack'));
      }}
    >
      <p>{t(undo ? 'admin.assign.undoLead' : 'admin.assign.takeBackLead', { device, name })}</p>
    </Dialog>
  );
}
