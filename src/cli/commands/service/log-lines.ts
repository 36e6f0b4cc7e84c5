// A line of a service's log: the details that the daemon puts before it, and what people are shown in their place. Pure.

const SHORT_ID = 12;
const DETAIL = 'com.docker.swarm.';

export interface Split {
  /** The time, where it was asked for. */
  readonly before: string;
  /** By name, without what all names begin with. */
  readonly details: ReadonlyMap<string, string>;
  readonly line: string;
}

export function splitDetails(text: string): Split {
  const match = /^((?:\d{4}-\d\d-\d\dT\S+ )?)(com\.docker\.swarm\.\S+) ([^]*)$/.exec(text);
  if (!match) return { before: '', details: new Map(), line: text };
  const [, before = '', details = '', line = ''] = match;
  const pairs = details.split(',').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).replace(DETAIL, ''), pair.slice(at + 1)] as const;
  });
  return { before, details: new Map(pairs), line };
}

export interface Names {
  readonly nodes: ReadonlyMap<string, string>;
  readonly services: ReadonlyMap<string, string>;
  readonly slots: ReadonlyMap<string, number | undefined>;
}

export interface HeadOptions {
  readonly resolves: boolean;
  readonly hasIds: boolean;
  readonly cuts: boolean;
}

/** `web.1.abcdefghijkl@host`. */
export function lineHead(details: ReadonlyMap<string, string>, names: Names, options: HeadOptions): string {
  const [node = '', service = '', task = ''] = ['node.id', 'service.id', 'task.id'].map((key) => details.get(key));
  const cut = (id: string): string => (options.cuts ? id.slice(0, SHORT_ID) : id);
  const serviceName = options.resolves ? (names.services.get(service) ?? service) : cut(service);
  const nodeName = options.resolves ? (names.nodes.get(node) ?? node) : cut(node);
  const slot = names.slots.get(task);
  const name = `${serviceName}.${slot ?? (options.resolves ? nodeName : cut(node))}`;
  return `${name}${options.hasIds ? `.${cut(task)}` : ''}@${nodeName}`;
}
