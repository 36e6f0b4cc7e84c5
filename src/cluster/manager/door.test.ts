import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlain } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import { silentLog } from '../../base/log.ts';
import { DEFAULT_SPEC } from '../model/defaults.ts';
import { keys, type NodeDescription, type NodeRole } from '../model/objects.ts';
import { newId } from '../model/ids.ts';
import { issue, newAuthority, newKeyPair } from '../security/authority.ts';
import { newSealKey, seal } from '../security/seal.ts';
import { digestOf, newToken } from '../security/token.ts';
import { MemoryStore } from '../store/memory.ts';
import { ask, dialManager, dialWithToken, type ToManager } from '../wire/dial.ts';
import type { ManagerMessage, NodeMessage } from '../wire/messages.ts';
import { Cache } from './cache.ts';
import { Door, MAX_OF_WORKER, MAX_QUESTIONS, MAX_STRANGERS } from './door.ts';
import { Sessions } from './sessions.ts';
import { Tunnels } from './tunnels.ts';
import { Writer } from './writer.ts';

const authority = await newAuthority();
const sealKey = newSealKey();
const cluster = newId();
const store = new MemoryStore();
const cache = new Cache(store);
await cache.open();
const writer = new Writer(store, cache);
const rootDer = new X509Certificate(authority.certificate).raw;
const tokens = { Worker: newToken(rootDer), Manager: newToken(rootDer) };
await writer.create<'cluster'>('cluster', keys.cluster, {
  ID: cluster,
  Spec: DEFAULT_SPEC,
  JoinTokens: tokens,
  RootCA: { certificate: authority.certificate, sealedKey: seal(sealKey, 'root', Buffer.from(authority.key)) },
  DefaultAddrPool: [],
  SubnetSize: 24,
  DataPathPort: 4789,
});

const DESCRIPTION: NodeDescription = {
  Hostname: 'h',
  Platform: { Architecture: 'x86_64', OS: 'linux' },
  Resources: { NanoCPUs: 1e9, MemoryBytes: 1e9 },
  Engine: { EngineVersion: '1' },
};

async function freePort(): Promise<number> {
  const server = createPlain().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function certified(role: NodeRole, node = newId()) {
  const { publicKey, key } = newKeyPair();
  const subject = { node, role, cluster, addresses: ['127.0.0.1'], publicKey, expiryMs: 3_600_000 };
  return { node, key, certificate: await issue(authority, subject), root: authority.certificate, cluster };
}

async function known(role: NodeRole, certificate: NodeRole = role) {
  const credentials = await certified(certificate);
  await writer.create<'nodes'>('nodes', keys.node(credentials.node), {
    ID: credentials.node,
    Spec: { Role: role, Availability: 'active', Labels: {} },
    Description: DESCRIPTION,
    Status: { State: 'ready', Addr: '127.0.0.1' },
  });
  return credentials;
}

/** Questions about keys, which wait until they are taken back. */
const asked: { readonly task: string; readonly signal: AbortSignal }[] = [];
const waitFor = async (signal: AbortSignal): Promise<object> => {
  if (!signal.aborted) await once(signal, 'abort');
  return {};
};

const address = `127.0.0.1:${await freePort()}`;
const sessions = new Sessions({ writer, sealKey, log: silentLog, heartbeatMs: () => 5000 });
const own = await certified('manager');
const door = new Door({
  ...own,
  listen: address,
  sealKey,
  writer,
  etcd: {
    members: () => Promise.resolve([{ id: '1', name: 'n1', peers: ['https://a:1'], learner: false }]),
    addMember: () => Promise.resolve('2'),
    promoteMember: () => Promise.resolve(),
  },
  election: { current: undefined },
  sessions: () => sessions,
  answer: () => ({}),
  tunnels: new Tunnels(),
  values: { answer: (_node, task, _request, signal) => (asked.push({ task, signal }), waitFor(signal)) },
  log: silentLog,
});
await door.listen();
after(() => {
  door.close();
  sessions.close();
  cache.close();
});

const closed = (connection: ToManager): Promise<void> => new Promise((resolve) => void connection.onClose(resolve));
const JOIN = {
  type: 'join',
  publicKey: newKeyPair().publicKey,
  address: '',
  availability: 'active',
  description: DESCRIPTION,
} as const;

test('fault O77: a node joins by its token; a stranger without one is told so once, and sent away', async () => {
  const right = await dialWithToken(address, digestOf(tokens.Worker));
  const answer = await ask(right.connection, { ...JOIN, token: tokens.Worker });
  assert.deepEqual([answer.type, 'role' in answer && answer.role], ['joined', 'worker']);
  await closed(right.connection);

  const { connection } = await dialWithToken(address, digestOf(tokens.Worker));
  const answers: string[] = [];
  connection.onMessage = ({ type }) => answers.push(type);
  for (let times = 0; times < 3; times += 1) connection.send({ ...JOIN, token: newToken(rootDer) });
  await closed(connection);
  assert.ok(answers.length <= 1 && answers.every((type) => type === 'error'), answers.join());
});

test('who joins tells its token to a manager only, and not to a worker of the same cluster that stands in its place', async () => {
  const worker = await certified('worker');
  const server = createServer({ cert: `${worker.certificate}\n${worker.root}`, key: worker.key }).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await assert.rejects(dialWithToken(`127.0.0.1:${port}`, digestOf(tokens.Manager)), /does not match/);
  await new Promise((resolve) => server.close(resolve));
});

test('fault O77: the key of the cluster is for who is a manager now, whatever role its certificate has', async () => {
  const question: NodeMessage = { type: 'member', peer: 'https://a:1' };
  const manager = await dialManager(address, await known('manager'));
  const answer = await ask(manager, question);
  assert.equal(answer.type === 'member' && answer.sealKey, sealKey);
  manager.close();
  const [demoted, removed, worker] = [
    await known('worker', 'manager'),
    await certified('manager'),
    await known('worker'),
  ];
  for (const one of [demoted, removed, worker])
    await assert.rejects(ask(await dialManager(address, one), question), /closed the connection/);
});

test('lines of a log come from the node that was asked for them', async () => {
  const [one, other] = await Promise.all(
    [await known('worker'), await known('worker')].map((who) => dialManager(address, who)),
  );
  assert.ok(one && other);
  const nodes = cache
    .all('nodes')
    .slice(-2)
    .map(({ ID }) => ID);
  for (const connection of [one, other]) {
    const opened = new Promise<void>((resolve) => {
      connection.onMessage = ({ type }) => type === 'assignments' && resolve();
    });
    connection.send({ type: 'session', description: DESCRIPTION, address: '' });
    await opened;
  }
  const got: string[] = [];
  const ended = new Promise<void>((resolve) => {
    const asked = new Promise<number>((found) => {
      one.onMessage = (message) => message.type === 'logs' && found(message.id);
    });
    const options = { stdout: true, stderr: true, follow: false };
    sessions.logs(nodes[0] ?? '', 'task', options, (lines) => got.push(...lines.map(({ data }) => data)), resolve);
    void asked.then(async (id) => {
      other.send({ type: 'log', id, lines: [{ channel: 'stdout', time: '', data: 'forged' }] });
      other.send({ type: 'log-end', id });
      other.send({ type: 'heartbeat', beat: 1 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      one.send({ type: 'log', id, lines: [{ channel: 'stdout', time: '', data: 'true' }] });
      one.send({ type: 'log-end', id });
    });
  });
  await ended;
  assert.deepEqual(got, ['true']);
  one.close();
  other.close();
});

test('what no node sends ends its connection, and is not kept', async () => {
  const status = { Timestamp: '2026-01-01T00:00:00Z', State: 'running' };
  const task = { type: 'status', task: 't', service: 's' };
  const bad: unknown[] = [
    null,
    [],
    { type: 'constructor' },
    { type: 'status' },
    { ...task, status: { ...status, State: 'nonsense' } },
    { ...task, status: { ...status, Timestamp: 'yesterday' } },
    { ...task, status: { ...status, Message: 'm'.repeat(70_000) } },
    { ...task, status: { ...status, ContainerStatus: { ContainerID: 'a', PID: 'b', ExitCode: 0 } } },
    { type: 'session', address: 'swarm-manager', description: DESCRIPTION },
    { type: 'session', address: '', description: { ...DESCRIPTION, Resources: { NanoCPUs: null, MemoryBytes: 1 } } },
    { type: 'log', id: 1, lines: 'x' },
    { type: 'heartbeat', beat: 1, load: { cpu: 2, memory: 0 } },
    { type: 'heartbeat', beat: 1, usage: [['task', -1, 0]] },
    { type: 'ask', question: { about: 'secrets' } },
  ];
  const worker = await known('worker');
  for (const message of bad) {
    const connection = await dialManager(address, worker);
    connection.send(message as NodeMessage);
    await closed(connection);
  }
  assert.deepEqual(cache.get('nodes', worker.node)?.Description, DESCRIPTION);
});

test('limit: connections of one worker, and of strangers', async () => {
  const worker = await known('worker');
  const open = await Promise.all(Array.from({ length: MAX_OF_WORKER }, () => dialManager(address, worker)));
  const one = await dialManager(address, worker);
  await closed(one);
  assert.deepEqual(
    open.map((connection) => connection.closed),
    open.map(() => false),
  );
  open[0]?.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const next = await dialManager(address, worker);
  const answer = await ask(next, { type: 'renew', publicKey: newKeyPair().publicKey });
  assert.equal(answer.type, 'certificate');
  for (const connection of [...open, next]) connection.close();

  const sockets = await Promise.all(
    Array.from({ length: MAX_STRANGERS }, async () => {
      const [host = '', port = ''] = address.split(':');
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    }),
  );
  await assert.rejects(async () => {
    const { connection } = await dialWithToken(address, digestOf(tokens.Worker));
    await ask(connection, { ...JOIN, token: tokens.Worker });
  }, /closed the connection|ECONNRESET|does not match/);
  // nodes of the cluster come in all the same
  assert.equal(
    (await ask(await dialManager(address, worker), { type: 'renew', publicKey: newKeyPair().publicKey })).type,
    'certificate',
  );
  for (const socket of sockets) socket.destroy();
});

test('a question of a task waits until it is answered, taken back, or the connection has gone', async () => {
  const connection = await dialManager(address, await known('worker'));
  const answers: ManagerMessage[] = [];
  connection.onMessage = (answer) => answers.push(answer);
  const question = { verb: 'watch', prefix: '', wait: 60 } as const;
  for (const id of [1, 2]) connection.send({ type: 'kv', id, task: `t${id}`, request: question });
  await until(() => asked.length === 2);
  connection.send({ type: 'kv-cancel', id: 2 });
  connection.send({ type: 'kv-cancel', id: 3 });
  await until(() => answers.length === 1);
  assert.deepEqual(
    asked.map(({ signal }) => signal.aborted),
    [false, true],
  );
  connection.close();
  await until(() => asked[0]?.signal.aborted === true);
});

test('limit: a connection has so many questions under way, and no more', async () => {
  asked.length = 0;
  const connection = await dialManager(address, await known('worker'));
  const answers: ManagerMessage[] = [];
  connection.onMessage = (answer) => answers.push(answer);
  for (let id = 0; id <= MAX_QUESTIONS; id += 1)
    connection.send({ type: 'kv', id, task: 't', request: { verb: 'list', prefix: '' } });
  await until(() => answers.length === 1);
  assert.deepEqual(answers, [
    { type: 'kv', id: MAX_QUESTIONS, error: { kind: 'unavailable', message: 'too many questions at once' } },
  ]);
  assert.equal(asked.length, MAX_QUESTIONS);
  connection.close();
});

async function until(holds: () => boolean): Promise<void> {
  for (let times = 0; times < 500 && !holds(); times += 1) await pause(10);
  assert.ok(holds());
}
