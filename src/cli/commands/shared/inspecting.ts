// Prints objects as `inspect` does: indented JSON in a list, compact JSON, or a template for each.
import { messageOf } from '../../../base/errors.ts';
import type { Context } from '../../session/context.ts';
import { indentJson, parse, parseJson, type Template, TemplateError } from '../../format/index.ts';
import { Failure } from '../../grammar/index.ts';
import { METHODS } from './object-methods.ts';
import { fillFields } from './object-types.ts';

/** Gets the raw JSON of each reference. Errors are said after all output, exit code 1. */
export async function inspect(
  context: Context,
  references: readonly string[],
  format: string,
  get: (reference: string) => Promise<string>,
): Promise<number> {
  const template = format === '' || format === 'json' ? undefined : parse(format, '', 64);
  const errors: string[] = [];
  const raws: string[] = [];
  let text = '';
  for (const reference of references) {
    try {
      const raw = (await get(reference)).trim();
      raws.push(raw);
      if (template) text += `${renderObject(template, raw)}\n`;
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  if (template) context.out(text === '' ? '\n' : text);
  else if (format === 'json') context.out(`[${raws.join(',')}]\n`);
  else context.out(`${indentJson(`[${raws.join(',')}]`)}\n`);
  if (errors.length > 0) throw new Failure(errors.join('\n'));
  return 0;
}

/** Fields of an image's Config in the order of Go's struct, whose JSON has only those that say something. */
const IMAGE_CONFIG =
  'User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal ArgsEscaped Healthcheck OnBuild Shell'.split(
    ' ',
  );

function orderImageConfig(image: Record<string, unknown>): void {
  const config = image['Config'];
  if (!('RootFS' in image) || typeof config !== 'object' || config === null) return;
  const before = config as Record<string, unknown>;
  const after: Record<string, unknown> = {};
  for (const name of IMAGE_CONFIG) {
    const value = before[name];
    const enumerable = Boolean(value) && (typeof value !== 'object' || Object.keys(value as object).length > 0);
    if (name in before) Object.defineProperty(after, name, { value, enumerable, writable: true });
  }
  image['Config'] = after;
}

/** What a template prints for the JSON of an object. Throws Failure. */
export function renderObject(template: Template, raw: string): string {
  const value = parseJson(raw);
  if (typeof value === 'object' && value !== null) orderImageConfig(value as Record<string, unknown>);
  fillFields(value);
  try {
    return template.run(value, { ignoreCase: true, methods: METHODS });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
  // what the types do not have may be in the JSON, and what it lacks is said of it
  try {
    return template.run(parseJson(raw), { untyped: true });
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
    throw error;
  }
}
