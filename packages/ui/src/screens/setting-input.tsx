import type { ReactNode } from 'react';
import type { SettingField } from '../backend/backend.js';
import { Field } from '../shell/parts.js';

export type SettingValues = Readonly<Record<string, string | number | boolean | null>>;

/** The settings as they are when the user changes nothing. */
export function defaultsOf(fields: readonly SettingField[]): SettingValues {
  return Object.fromEntries(fields.map(({ name, defaultValue }) => [name, defaultValue]));
}

/** One setting of a run, drawn from its description. */
export function SettingInput({
  field,
  value,
  onChange,
}: {
  readonly field: SettingField;
  readonly value: SettingValues[string] | null;
  readonly onChange: (name: string, value: string | number | boolean | null) => void;
}): ReactNode {
  const label = field.unit === null ? titleOf(field.name) : `${titleOf(field.name)} (${field.unit})`;
  if (field.kind === 'switch')
    return (
      <label className="field switch">
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ target }) => onChange(field.name, target.checked)}
        />
        <span className="field-label">{label}</span>
        <span className="help">{field.help}</span>
      </label>
    );
  return (
    <Field label={label} help={field.help}>
      {field.kind === 'choice' ? (
        <select value={String(value ?? '')} onChange={({ target }) => onChange(field.name, target.value)}>
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          type={field.kind === 'number' ? 'number' : 'text'}
          {...(field.least !== null && { min: field.least })}
          {...(field.most !== null && { max: field.most })}
          step={field.kind === 'number' ? 'any' : undefined}
          value={value === null ? '' : String(value)}
          onChange={({ target }) => onChange(field.name, typed(field, target.value))}
        />
      )}
    </Field>
  );
}

function typed(field: SettingField, text: string): string | number | null {
  if (text === '') return null;
  return field.kind === 'number' ? Number(text) : text;
}

/** A setting's name in words: `debugVideo` as "Debug video". */
function titleOf(name: string): string {
  const words = name.replace(/([A-Z])/g, (capital) => ` ${capital.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
