// What an image says of the variables it needs, in its labels: `LABEL berth.env.DB_PASSWORD="required secret: of the database"`. Pure.

export interface ContractVariable {
  readonly name: string;
  readonly required: boolean;
  /** its value is not shown */
  readonly secret: boolean;
  readonly type: 'text' | 'int' | 'bool' | 'url';
  /** what it is for */
  readonly text: string;
}

const PREFIX = 'berth.env.';
const TYPES = ['text', 'int', 'bool', 'url'] as const;

/**
 * The variables by name, in the order of their names. Labels that are not of the form `WORDS: TEXT`, where the words are
 * `required`, `secret` and a type, have no words: all is text. A name that no variable can have is left out.
 */
export function readContract(labels: Readonly<Record<string, string>> | null | undefined): ContractVariable[] {
  return Object.entries(labels ?? {})
    .filter(([key]) => key.startsWith(PREFIX) && /^[A-Za-z_]\w*$/.test(key.slice(PREFIX.length)))
    .map(([key, value]) => variableOf(key.slice(PREFIX.length), value))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function variableOf(name: string, value: string): ContractVariable {
  const colon = value.indexOf(':');
  const words = (colon < 0 ? value : value.slice(0, colon)).split(' ').filter((word) => word !== '');
  const known = words.every((word) => ['required', 'secret', ...TYPES].includes(word));
  const type = TYPES.find((one) => known && words.includes(one)) ?? 'text';
  const text = known ? (colon < 0 ? '' : value.slice(colon + 1).trim()) : value;
  return { name, type, text, required: known && words.includes('required'), secret: known && words.includes('secret') };
}

const FITS: Readonly<Record<ContractVariable['type'], (value: string) => boolean>> = {
  text: () => true,
  int: (value) => /^[-+]?\d+$/.test(value),
  bool: (value) => /^(true|false|yes|no|on|off|0|1)$/i.test(value),
  url: (value) => URL.canParse(value),
};

/** What `environment` (`NAME=value`) lacks, one line each; an empty value is none. */
export function contractFaults(contract: readonly ContractVariable[], environment: readonly string[]): string[] {
  const values = new Map(environment.map((one) => [one.split('=')[0] ?? '', one.slice(one.indexOf('=') + 1)]));
  return contract.flatMap(({ name, required, secret, type, text }) => {
    const value = values.get(name) ?? '';
    const why = text === '' ? '' : ` (${text})`;
    if (value === '') return required ? [`${name} is missing${why}`] : [];
    if (FITS[type](value)) return [];
    return [`${name} is no ${type}${secret ? '' : `: ${JSON.stringify(value)}`}${why}`];
  });
}
