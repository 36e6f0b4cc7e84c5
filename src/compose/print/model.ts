// The merged tree as it stands, and the variables in it: `config --no-interpolate` and `config --variables`.
import { type Dict, isDict, type Value } from '../value/value.ts';
import { Ordered, type Printed } from '../load/kinds.ts';
import { type TemplateVariable, variablesOf } from '../load/template.ts';
import { toJson } from './json.ts';
import { toYaml } from './yaml.ts';

export function modelText(tree: Dict, format: string, imagesOnly: boolean): string {
  const shown = imagesOnly ? onlyImages(tree) : tree;
  if (format === 'json') return toJson(shown, '  ');
  if (format === 'yaml') return toYaml(shown);
  throw new Error(`unsupported format ${JSON.stringify(format)}`);
}

function onlyImages(tree: Dict): Dict {
  const services = tree['services'];
  if (!isDict(services)) return {};
  const kept: Dict = {};
  for (const name in services) {
    const service = services[name];
    kept[name] = isDict(service) && service['image'] !== undefined ? { image: service['image'] } : {};
  }
  return { services: kept };
}

/** All variables of a tree by name; of several with one name the last counts. */
export function variablesIn(value: Value, into = new Map<string, TemplateVariable>()): Map<string, TemplateVariable> {
  if (typeof value === 'string') for (const variable of variablesOf(value)) into.set(variable.name, variable);
  else if (Array.isArray(value)) for (const item of value) variablesIn(item, into);
  else if (isDict(value)) for (const key in value) variablesIn(value[key] as Value, into);
  return into;
}

export function variableTable(tree: Dict, format: string): string {
  const all = [...variablesIn(tree).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (format === 'yaml')
    return toYaml(
      Object.fromEntries(
        all.map(({ name, defaultValue, presenceValue, required }) => [
          name,
          new Ordered([
            ['name', name],
            ['defaultvalue', defaultValue],
            ['presencevalue', presenceValue],
            ['required', required],
          ]),
        ]),
      ) as Readonly<Record<string, Printed>>,
      4,
    );
  if (format === 'json') {
    const members = all.map(({ name, defaultValue, presenceValue, required }) => [
      name,
      new Ordered([
        ['Name', name],
        ['DefaultValue', defaultValue],
        ['PresenceValue', presenceValue],
        ['Required', required],
      ]),
    ]);
    return `${toJson(Object.fromEntries(members) as Printed, '    ')}\n\n`;
  }
  if (format !== '' && format !== 'table' && format !== 'pretty')
    throw new Error(`format value ${JSON.stringify(format)} could not be parsed: parsing failed`);
  const rows = [
    ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
    ...all.map(({ name, required, defaultValue, presenceValue }) => [
      name,
      String(required),
      defaultValue,
      presenceValue,
    ]),
  ];
  return table(rows);
}

/** Columns as wide as their widest cell and three more; at least 20. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(20, ...rows.map((row) => (row[column] ?? '').length + 3)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}
