// Questions of tasks about keys, as their nodes hand them on: answered where the task is that node's and its service may.
import { forbidden } from '../../base/errors.ts';
import { extensionsOf } from '../model/extensions.ts';
import { isTerminal } from '../model/objects.ts';
import { checkPrefix, isRegistry } from './key.ts';
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
    const task = this.#view.all('tasks').find(({ ID }) => ID === taskId);
    if (!task || task.NodeID !== node || isTerminal(task.Status.State)) throw forbidden('this task is not known');
    const service = this.#view.all('services').find(({ ID }) => ID === task.ServiceID);
    const rights = extensionsOf(service?.Spec.Labels).value.kv ?? [];
    if (!isAllowed(rights, request))
      throw forbidden(`service ${service?.Spec.Name ?? ''} has no right to this: its label berth.kv says what it may`);
    return this.#perform(request, signal);
  }

  async #perform(request: KeyValueRequest, signal: AbortSignal): Promise<unknown> {
    switch (request.verb) {
      case 'get':
        return isRegistry(request.key) ? this.#watches.registeredAt(request.key) : this.#values.get(request.key);
      case 'list':
        return isRegistry(checkPrefix(request.prefix))
          ? this.#watches.registered(request.prefix)
          : this.#values.list(request.prefix);
      case 'put':
        return { Revision: await this.#values.put(request.key, request) };
      case 'delete':
        await this.#values.delete(request.key, request.revision);
        return { Deleted: 1 };
      case 'watch':
        return this.#watches.changes({ ...request, since: request.since }, signal);
      case 'grant':
        return this.#values.grant(request.seconds);
      case 'keep-alive':
        return this.#values.keepAlive(request.lease);
      case 'revoke':
        await this.#values.revoke(request.lease);
        return { Ended: request.lease };
    }
  }
}
