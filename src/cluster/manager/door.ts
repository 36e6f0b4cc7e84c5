// A manager's door on the network: nodes that join, sessions, and what managers ask of each other.
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { BerthError, messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { keys, type NodeRole } from '../model/objects.ts';
import { bearerOf, type Bearer, issue } from '../security/authority.ts';
import { type SealKey, unseal } from '../security/seal.ts';
import { unlockKeyOf } from '../security/unlock-key.ts';
import { sameToken } from '../security/token.ts';
import { newId } from '../model/ids.ts';
import { checkNodeMessage } from '../wire/check.ts';
import type { TaskAccess } from '../kv/task-access.ts';
import { Connection, MAX_NODE_MESSAGE_BYTES, MAX_STRANGER_BYTES } from '../wire/connection.ts';
import { splitAddress } from '../wire/dial.ts';
import type { ManagerMessage, NodeMessage, Question } from '../wire/messages.ts';
import type { EtcdStore } from '../store/etcd.ts';
import type { Election } from './election.ts';
import { effectiveRole, type Sessions, type ToNode } from './sessions.ts';
import type { Tunnels } from './tunnels.ts';
import type { Writer } from './writer.ts';
import { natProblem } from './nat.ts';

/** Peers that have not shown who they are, at a time. */
export const MAX_STRANGERS = 256;
/** Connections of one worker: its session, the one after it, and a question or two. */
export const MAX_OF_WORKER = 8;
/** Questions of one node's tasks about keys that are under way; a node of ours holds back what is more. */
export const MAX_QUESTIONS = 512;
/** They get so long to say what they want, milliseconds. */
const STRANGER_MS = 15_000;

export interface DoorOptions {
  readonly listen: string;
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
  readonly cluster: string;
  readonly sealKey: SealKey;
  readonly writer: Writer;
  readonly etcd: Pick<EtcdStore, 'members' | 'addMember' | 'promoteMember'>;
  readonly election: Pick<Election, 'current'>;
  /** There while this manager leads. */
  readonly sessions: () => Sessions | undefined;
  /** Throws where this manager does not lead. */
  readonly answer: (question: Question) => unknown;
  readonly tunnels: Pick<Tunnels, 'arrived'>;
  readonly values: Pick<TaskAccess, 'answer'>;
  readonly log: Log;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #open = new Set<ToNode>();
  #strangers = 0;
  /** Connections of each worker. */
  readonly #workers = new Map<string, number>();
  /** What each connection's tasks ask about keys and wait for, by the number of the question. */
  readonly #questions = new WeakMap<ToNode, Map<number, AbortController>>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        cert: `${options.certificate}\n${options.root}`,
        key: options.key,
        ca: options.root,
        requestCert: true,
        // who joins has none yet
        rejectUnauthorized: false,
        minVersion: 'TLSv1.3',
        handshakeTimeout: STRANGER_MS,
      },
      (socket) => this.#welcome(socket),
    );
    this.#server.on('tlsClientError', () => undefined);
  }

  listen(): Promise<void> {
    const { host, port } = splitAddress(this.#options.listen);
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#options.log.warn(`cluster: ${messageOf(error)}`));
        resolve();
      });
    });
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#open) connection.close();
  }

  #welcome(socket: TLSSocket): void {
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    const named = certificate && bearerOf(certificate);
    const bearer = named?.cluster === this.#options.cluster ? named : undefined;
    const worker = bearer?.role === 'worker' ? bearer.node : undefined;
    const full = bearer
      ? worker !== undefined && (this.#workers.get(worker) ?? 0) >= MAX_OF_WORKER
      : this.#strangers >= MAX_STRANGERS;
    if (full) {
      socket.destroy();
      return;
    }
    const connection: ToNode = new Connection(socket, bearer ? MAX_NODE_MESSAGE_BYTES : MAX_STRANGER_BYTES);
    if (worker !== undefined) this.#countWorker(worker, connection);
    this.#open.add(connection);
    connection.onClose(() => this.#open.delete(connection));
    if (!bearer) {
      this.#strangers += 1;
      const timer = setTimeout(() => connection.close(), STRANGER_MS);
      connection.onClose(() => {
        this.#strangers -= 1;
        clearTimeout(timer);
      });
    }
    const remote = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    connection.onMessage = (sent) => {
      const message = checkNodeMessage(sent);
      if (!message) {
        connection.close();
        return;
      }
      void this.#take(connection, bearer, message, remote)
        .catch((error: unknown) => {
          connection.send({ type: 'error', message: messageOf(error) });
          if (!(error instanceof BerthError)) this.#options.log.warn(`cluster: ${messageOf(error)}`);
        })
        // a stranger has one question: answers that it does not read would be held for it
        .finally(() => bearer ?? connection.end());
      if (!bearer) connection.onMessage = () => connection.close();
    };
  }

  #countWorker(node: string, connection: ToNode): void {
    this.#workers.set(node, (this.#workers.get(node) ?? 0) + 1);
    connection.onClose(() => {
      const left = (this.#workers.get(node) ?? 1) - 1;
      if (left === 0) this.#workers.delete(node);
      else this.#workers.set(node, left);
    });
  }

  /** Its certificate outlives its role: what counts is what the cluster says now. */
  #isManager({ node, role }: Bearer): boolean {
    const known = this.#options.writer.cache.get('nodes', node);
    return role === 'manager' && known !== undefined && effectiveRole(known) === 'manager';
  }

  async #take(connection: ToNode, bearer: Bearer | undefined, message: NodeMessage, remote: string): Promise<void> {
    if (message.type === 'join') {
      connection.send(await this.#join(message, remote));
      return;
    }
    if (!bearer) {
      connection.close();
      return;
    }
    const sessions = this.#options.sessions();
    switch (message.type) {
      case 'session':
        if (sessions) sessions.open(bearer.node, connection, message.description, message.address);
        else connection.send({ type: 'redirect', address: this.#options.election.current?.address ?? '' });
        return;
      case 'heartbeat':
        if (sessions?.has(bearer.node)) sessions.heartbeat(bearer.node, message);
        else connection.close();
        return;
      case 'status':
        sessions?.report(bearer.node, message.task, message.status);
        return;
      case 'log':
      case 'log-end':
        sessions?.logLines(bearer.node, message.id, message.type === 'log' ? message.lines : undefined);
        return;
      case 'networks':
        sessions?.networks.acknowledged(bearer.node, message.sequence);
        return;
      case 'attach':
        await this.#attach(connection, bearer.node, message);
        return;
      case 'kv':
        await this.#values(connection, bearer.node, message);
        return;
      case 'kv-cancel':
        this.#questions.get(connection)?.get(message.id)?.abort();
        return;
      case 'detach':
        await sessions?.joins.leave(bearer.node, message.container, message.network);
        return;
      case 'attached':
        await sessions?.joins.keepOnly(bearer.node, message.containers);
        return;
      case 'renew':
        connection.send(await this.#renew(bearer, message.publicKey));
        return;
      case 'leave':
        await this.#options.writer.update<'nodes'>(keys.node(bearer.node), ({ Status }) => ({
          Status: { ...Status, State: 'down', Message: 'the node has left' },
        }));
        sessions?.lastSeen.delete(bearer.node);
        connection.send({ type: 'left' });
        return;
      case 'tunnel':
        this.#options.tunnels.arrived(message.token, bearer.node, connection);
        return;
      case 'member':
      case 'promote':
      case 'task-logs':
      case 'ask':
        if (this.#isManager(bearer)) await this.#takeOfManager(connection, message);
        else connection.close();
    }
  }

  async #attach(
    connection: ToNode,
    node: string,
    { id, address6 = '', ...request }: Extract<NodeMessage, { type: 'attach' }>,
  ): Promise<void> {
    try {
      const given = await this.#options.sessions()?.joins.ask({ ...request, address6, node });
      if (given === undefined) throw unavailable('this manager leads no more');
      const { Addr: address, Addr6 } = given;
      const six = Addr6 === undefined ? {} : { address6: Addr6 };
      connection.send({ type: 'attached', id, address, ...six, error: '' });
    } catch (error) {
      connection.send({ type: 'attached', id, address: '', error: messageOf(error) });
    }
  }

  /** Of a watch that nobody waits for any more nothing is left. */
  async #values(
    connection: ToNode,
    node: string,
    { id, task, request }: Extract<NodeMessage, { type: 'kv' }>,
  ): Promise<void> {
    const open = this.#questionsOf(connection);
    const gone = new AbortController();
    try {
      if (open.size >= MAX_QUESTIONS) throw unavailable('too many questions at once');
      open.set(id, gone);
      if (!this.#options.sessions()) throw unavailable('this manager leads no more');
      const answer = await this.#options.values.answer(node, task, request, gone.signal);
      connection.send({ type: 'kv', id, answer });
    } catch (error) {
      const kind = error instanceof BerthError ? error.kind : 'internal';
      connection.send({ type: 'kv', id, error: { kind, message: messageOf(error) } });
    } finally {
      if (open.get(id) === gone) open.delete(id);
    }
  }

  #questionsOf(connection: ToNode): Map<number, AbortController> {
    const known = this.#questions.get(connection);
    if (known) return known;
    const open = new Map<number, AbortController>();
    this.#questions.set(connection, open);
    connection.onClose(() => {
      for (const gone of open.values()) gone.abort();
    });
    return open;
  }

  async #takeOfManager(
    connection: ToNode,
    message: Extract<NodeMessage, { type: 'member' | 'promote' | 'task-logs' | 'ask' }>,
  ): Promise<void> {
    const { etcd } = this.#options;
    if (message.type === 'task-logs') {
      const lines = (lines: Extract<ManagerMessage, { type: 'log' }>['lines']): void =>
        connection.send({ type: 'log', id: 0, lines });
      const end = (): void => connection.send({ type: 'log-end', id: 0 });
      const stop = this.#options.sessions()?.logs(message.node, message.task, message.options, lines, end);
      if (stop) connection.onClose(stop);
      else end();
    } else if (message.type === 'ask') {
      connection.send({ type: 'answer', answer: this.#options.answer(message.question) });
    } else if (message.type === 'promote') {
      await etcd.promoteMember(message.member);
      connection.send({ type: 'promoted' });
    } else {
      const before = await etcd.members();
      // one that asks again after a crash
      const known = before.find(({ peers }) => peers.includes(message.peer));
      const member = known?.id ?? (await etcd.addMember(message.peer));
      const members = (await etcd.members()).flatMap(({ id, name, peers }) =>
        peers.map((peer) => `${id === member ? '' : name}=${peer}`),
      );
      const { sealKey, writer } = this.#options;
      const unlockKey = unlockKeyOf(writer.cache.cluster, sealKey);
      connection.send({ type: 'member', member, members, sealKey, ...(unlockKey === undefined ? {} : { unlockKey }) });
    }
  }

  async #join(message: Extract<NodeMessage, { type: 'join' }>, remote: string): Promise<ManagerMessage> {
    const { writer } = this.#options;
    const { JoinTokens } = writer.cache.cluster;
    const role: NodeRole | undefined = sameToken(message.token, JoinTokens.Manager)
      ? 'manager'
      : sameToken(message.token, JoinTokens.Worker)
        ? 'worker'
        : undefined;
    if (!role)
      return {
        type: 'error',
        message: 'rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster',
      };
    const problem = natProblem(message, remote);
    if (problem !== undefined) return { type: 'error', message: problem };
    const node = newId();
    const address = message.address === '' ? remote : message.address;
    const certificate = await this.#certificate(node, role, address, message.publicKey);
    await writer.create<'nodes'>('nodes', keys.node(node), {
      ID: node,
      Spec: { Role: role, Availability: message.availability, Labels: {} },
      Description: message.description,
      Status: { State: 'unknown', Addr: address },
    });
    return {
      type: 'joined',
      node,
      cluster: this.#options.cluster,
      role,
      certificate,
      managers: writer.cache.all('nodes').flatMap(({ ManagerStatus }) => (ManagerStatus ? [ManagerStatus.Addr] : [])),
    };
  }

  /** In the role that the node is to have now. */
  async #renew({ node }: Bearer, publicKey: string): Promise<ManagerMessage> {
    const known = this.#options.writer.cache.get('nodes', node);
    if (!known) return { type: 'error', message: `node ${node} is no member of this cluster` };
    const Role = effectiveRole(known);
    const certificate = await this.#certificate(node, Role, known.Status.Addr, publicKey);
    return { type: 'certificate', certificate, role: Role };
  }

  #certificate(node: string, role: NodeRole, address: string, publicKey: string): Promise<string> {
    const { writer, sealKey, cluster } = this.#options;
    const { RootCA, Spec } = writer.cache.cluster;
    const key = unseal(sealKey, 'root', RootCA.sealedKey).toString();
    return issue(
      { certificate: RootCA.certificate, key },
      { node, role, cluster, addresses: [address], publicKey, expiryMs: Spec.CAConfig.NodeCertExpiry / 1e6 },
    );
  }
}
