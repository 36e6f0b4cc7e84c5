// What is said while a project changes: one event for each thing that begins or ends. How it looks is the command line's.

export type ResourceKind = 'Network' | 'Volume' | 'Container' | 'Image' | 'Service';

export interface ProgressEvent {
  /** `Container p-web-1` */
  readonly id: string;
  /** `Pulling`, of images; empty for containers, networks and volumes */
  readonly action?: string;
  /** `Creating` */
  readonly text: string;
  readonly status: 'working' | 'done' | 'warning' | 'error';
  /** what it is a part of: the service of a layer */
  readonly parent?: string;
}

export type Report = (event: ProgressEvent) => void;

/** Says that something begins, does it, and says that it is done; or, where there are words for it, that it failed. */
export async function reported<T>(
  report: Report,
  id: string,
  [begin, end, failure]: readonly [string, string, string?],
  work: () => Promise<T>,
): Promise<T> {
  report({ id, text: begin, status: 'working' });
  let made: T;
  try {
    made = await work();
  } catch (error) {
    if (failure !== undefined) report({ id, text: failure, status: 'error' });
    throw error;
  }
  report({ id, text: end, status: 'done' });
  return made;
}
