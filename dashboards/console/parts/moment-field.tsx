import { TextInput } from '@mantine/core';
import { fieldOf, instantOfField } from '../time/format.ts';
import { useZone } from './zone.ts';

/** Day and time by the clocks of the care team. `value`: ms since 1970, NaN where nothing is said. */
export function MomentField(props: {
  label: string;
  description?: string;
  value: number;
  change: (at: number) => void;
  error?: string | undefined;
}) {
  const zone = useZone();
  const { label, description, value, change, error } = props;
  return (
    <TextInput
      type="datetime-local"
      label={label}
      description={description}
      error={error}
      value={Number.isNaN(value) ? '' : fieldOf(value, zone)}
      onChange={(event) => change(instantOfField(event.currentTarget.value, zone))}
    />
  );
}
