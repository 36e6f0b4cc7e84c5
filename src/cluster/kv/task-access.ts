// Questions of tasks about keys, as their nodes hand them on: answered where the task is that node's and its service may.
import { forbidden } from '../../base/errors.ts';
import { LABEL } from '../model/extensions.ts';
import { isTerminal } from '../model/objects.ts';
import { readRights } from '../model/rights.ts';
import { isAllowed, type KeyValueRequest } from './request.ts';
import type { KeyValues } from './values.ts';
import type { ClusterView, Watches } from './watch.ts';

export class TaskAccess {
  readonly #view: ClusterView;
  readonly #values: KeyValues;
  readonly #watches: Watches;

  constructor(view: ClusterView, values: KeyValues, watches: Watches) {
    this.#view = view;
    this.#values = values;
    this.#watches = watches;
  }

  /** Throws forbidden for what the task's service has no right to. */
  async answer(node: string, taskId: string, request: KeyValueRequest, signal: AbortSignal): Promise<unknown> {
    const task = this.#view.get('tasks', taskId);
    if (!task || task.NodeID !== node || isTerminal(task.Status.State)) throw forbidden('this task is not known');
    const service = this.#view.get('services', task.ServiceID);
    const rights = readRights(service?.Spec.Labels?.[LABEL.kv] ?? '') ?? [];
    if (!isAllowed(rights, request))
      throw forbidden(`service ${service?.Spec.Name ?? ''} has no right to this: its label berth.kv says what it may`);
    return this.#perform(task.ServiceID, request, signal);
  }

  async #perform(by: string, request: KeyValueRequest, signal: AbortSignal): Promise<unknown> {
    switch (request.verb) {
      case 'get':
        return this.#watches.get(request.key);
      case 'list':
        return this.#watches.list(request.prefix);
      case 'put':
        return { Revision: await this.#values.put(request.key, { ...request, by }) };
      case 'delete':
        await this.#values.delete(request.key, request.revision);
        return { Deleted: 1 };
      case 'watch':
        return this.#watches.changes(request, signal);
      case 'grant':
        return this.#values.grant(request.seconds, by);
      case 'keep-alive':
        return this.#values.keepAlive(request.lease, by);
      case 'revoke':
        await this.#values.revoke(request.lease, by);
        return { Ended: request.lease };
    }
  }
}
