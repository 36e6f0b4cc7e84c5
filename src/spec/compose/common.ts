// Forms that several keys of a Compose file have.
import { anyKeys, flag, keys, list, lowerKeys, number, oneOf, text, type, whole } from './grammar.ts';

export const names = list(text, true);
export const oneOrMore = oneOf(text, names);
export const pairs = oneOf(anyKeys(type('string', 'number', 'boolean', 'null'), { closed: true }), list(text, true));
export const hosts = oneOf(anyKeys(oneOf(text, list(text)), { closed: true }), list(text, true));
export const command = oneOf(type('null'), text, list(text));
export const hook = keys(
  { command: command, user: text, privileged: flag, working_dir: text, environment: pairs },
  { required: ['command'] },
);
/** A step before a service starts: a container of its own. */
export const preStart = keys({
  command,
  image: text,
  user: text,
  privileged: flag,
  working_dir: text,
  environment: pairs,
  per_replica: flag,
});
export const envFiles = oneOf(
  text,
  list(oneOf(text, keys({ path: text, format: text, required: flag }, { required: ['path'], extends: false }))),
);
export const labelFiles = oneOf(text, list(text));
export const fileReferences = list(
  oneOf(text, keys({ source: text, target: text, uid: text, gid: text, mode: number })),
);
export const ulimits = lowerKeys(oneOf(whole, keys({ hard: whole, soft: whole }, { required: ['soft', 'hard'] })));
export const throttle = keys({ path: text, rate: whole }, { extends: false });
export const weight = keys({ path: text, weight: whole }, { extends: false });
