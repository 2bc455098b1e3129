import { useId } from 'react';

/** One of a few, all in sight: radio buttons that look like a switch. */
export function Choice<T extends string>(props: {
  label: string;
  options: readonly { value: T; words: string }[];
  value: T;
  choose: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend className="visually-hidden">{props.label}</legend>
      {props.options.map(({ value, words }) => (
        <label key={value}>
          <input
            className="visually-hidden"
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.choose(value)}
          />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}
