import { useRota } from '../api/on-call.ts';
import { useSession } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Select } from './select.tsx';

/** One of those who may have something in hand: nurses and doctors of the team. `without`: who has it already. */
export function ChooseColleague(props: {
  team: string;
  without?: string | null;
  label: string;
  /** What stands there while nobody is chosen. */
  nobody: string;
  value: string;
  choose: (id: string) => void;
  error?: string | undefined;
}) {
  const { t, say } = useLanguage();
  const me = useSession().data?.clinician.id;
  const { data, error } = useRota(props.team);
  const people = (data?.people ?? []).filter(({ id, mayServe }) => mayServe && id !== props.without);
  return (
    <Select
      label={props.label}
      first={props.nobody}
      options={people.map(({ id, name, role }) => ({
        value: id,
        words: `${say(name)} (${id === me ? t('common.you') : t(`shell.role.${role}`)})`,
      }))}
      value={props.value}
      choose={props.choose}
      error={props.error ?? (error && !data ? t('fault.noData') : undefined)}
    />
  );
}
