import { Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useState } from 'react';
import type { PatientFound } from '#domain/homes.ts';
import { usePatientsFound } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';
import { Fault } from './faults.tsx';

/** Finds one patient of one's own care teams by name; two of the same name are told apart by their birth dates. */
export function ChoosePatient(props: {
  chosen: PatientFound | undefined;
  choose: (patient: PatientFound | undefined) => void;
  missing: boolean;
}) {
  const { t, say } = useLanguage();
  const { chosen, choose, missing } = props;
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search.trim());
  const found = usePatientsFound(wanted);
  if (chosen)
    return (
      <div className="row">
        <b>{t('admin.assign.chosen', { name: say(chosen.name) })}</b>
        <span className="muted">{t('admin.assign.born', { date: chosen.birthDate })}</span>
        <Button size="xs" variant="default" onClick={() => choose(undefined)}>
          {t('admin.assign.other')}
        </Button>
      </div>
    );
  const patients = wanted ? (found.data?.patients ?? []) : [];
  return (
    <div className="stack-small">
      <TextInput
        type="search"
        label={t('admin.assign.patient')}
        placeholder={t('admin.assign.patientPlaceholder')}
        leftSection={<IconSearch size={18} aria-hidden />}
        data-autofocus
        autoComplete="off"
        error={missing ? t('admin.assign.missing') : undefined}
        value={search}
        maxLength={100}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {wanted && <Fault fault={found.error} />}
      <ul className="found" aria-live="polite">
        {patients.map((patient) => (
          <li key={patient.id}>
            <button type="button" onClick={() => choose(patient)}>
              <b>{say(patient.name)}</b>
              <span className="muted">{t('admin.assign.born', { date: patient.birthDate })}</span>
            </button>
          </li>
        ))}
      </ul>
      {wanted && found.data && patients.length === 0 && <p className="muted">{t('admin.assign.nobodyFound')}</p>}
      {wanted && found.data?.more && <p className="small muted">{t('admin.assign.moreFound')}</p>}
    </div>
  );
}
