// What each line of a log carries beside its text where `logs --details` asks: chosen labels and variables, and the tag.
import { goRegExp } from '../../base/go-regexp.ts';
import { TemplateError, Template } from '../../template/index.ts';

export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly created: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** `a=1,b=2`, sorted and escaped. Throws for a pattern or a template that is none. */
export function logAttributes(subject: LogSubject): string {
  const { options, labels } = subject;
  const variables = Object.fromEntries(
    subject.env.map((one) => {
      const at = one.indexOf('=');
      return at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)];
    }),
  );
  const attributes: Record<string, string> = {
    ...chosen(labels, options['labels'], options['labels-regex']),
    ...chosen(variables, options['env'], options['env-regex']),
  };
  const tag = tagOf(subject);
  if (tag !== '') attributes['tag'] = tag;
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
    .join(',');
}

function chosen(
  all: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const wanted = new Set((names ?? '').split(','));
  const like = pattern === undefined || pattern === '' ? undefined : compile(pattern);
  return Object.fromEntries(Object.entries(all).filter(([key]) => wanted.has(key) || like?.(key) === true));
}

/** Errors are worded as Go words them. */
function compile(pattern: string): (text: string) => boolean {
  const matches = goRegExp(pattern);
  if (matches) return matches;
  const opened = pattern.lastIndexOf('[');
  const why =
    opened > pattern.lastIndexOf(']')
      ? `missing closing ]: \`${pattern.slice(opened)}\``
      : pattern.split('(').length > pattern.split(')').length
        ? `missing closing ): \`${pattern}\``
        : pattern.split('(').length < pattern.split(')').length
          ? `unexpected ): \`${pattern}\``
          : /^[*+?]/.test(pattern)
            ? `missing argument to repetition operator: \`${pattern[0]}\``
            : `invalid expression: \`${pattern}\``;
  throw new Error(`error parsing regexp: ${why}`);
}

function tagOf({ id, name, imageId, imageName, created, command, labels, options, env }: LogSubject): string {
  const template = options['tag'] ?? '';
  if (template === '') return '';
  const short = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
  const [entrypoint = '', ...args] = command;
  const info = {
    ID: short(id),
    FullID: id,
    Name: name,
    ImageID: short(imageId),
    ImageFullID: imageId,
    ImageName: imageName,
    DaemonName: 'docker',
    Command: command.join(' '),
    ContainerID: id,
    ContainerName: `/${name}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: args,
    ContainerImageID: imageId,
    ContainerImageName: imageName,
    ContainerCreated: created,
    ContainerEnv: env,
    ContainerLabels: labels,
    LogPath: '',
    Config: options,
  };
  try {
    return new Template(template, 'log-tag').run(info, { typeName: '*logger.Info' });
  } catch (error) {
    if (error instanceof TemplateError) throw new Error(error.message, { cause: error });
    throw error;
  }
}

/** url.QueryEscape. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
