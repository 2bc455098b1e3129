import { NativeSelect } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';

/** One of many, in the browser's own list. `first`: what stands there while nothing is chosen. */
export function Select(props: {
  label: string;
  first?: string;
  options: readonly { value: string; words: string }[];
  value: string;
  choose: (value: string) => void;
  required?: boolean;
  error?: string | undefined;
}) {
  const { label, first, options, value, choose, required = false, error } = props;
  const all = options.map((one) => ({ value: one.value, label: one.words }));
  return (
    <NativeSelect
      label={label}
      required={required}
      error={error}
      rightSection={<IconChevronDown size={18} aria-hidden />}
      value={value}
      onChange={(event) => choose(event.currentTarget.value)}
      data={first === undefined ? all : [{ value: '', label: first }, ...all]}
    />
  );
}
