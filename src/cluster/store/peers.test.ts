import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import type { NodeRole } from '../model/objects.ts';
import { issue, newAuthority, newKeyPair } from '../security/authority.ts';
import { EtcdChild } from './child.ts';
import { etcdProgram } from './testing.ts';

const folder = mkdtempSync('/tmp/berth-etcd-peers-');
let etcd: EtcdChild | undefined;
after(async () => {
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('etcd speaks to managers, and not to workers with a certificate of the same root', {
  timeout: 60_000,
}, async () => {
  const authority = await newAuthority();
  const certified = async (role: NodeRole) => {
    const { publicKey, key } = newKeyPair();
    const subject = { node: role, role, cluster: 'c', addresses: ['127.0.0.1'], publicKey, expiryMs: 3_600_000 };
    return { key, cert: await issue(authority, subject) };
  };
  const [manager, other, worker] = [await certified('manager'), await certified('manager'), await certified('worker')];
  const files = { certificate: 'node.pem', key: 'node.key', authority: 'root.pem' };
  const texts = { certificate: manager.cert, key: manager.key, authority: authority.certificate };
  for (const name of ['certificate', 'key', 'authority'] as const)
    writeFileSync(join(folder, files[name]), texts[name]);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const peer = `https://127.0.0.1:${port}`;
  mkdirSync(join(folder, 'etcd'));
  etcd = new EtcdChild({
    program: etcdProgram(),
    folder: join(folder, 'etcd'),
    name: 'n1',
    peer,
    members: [`n1=${peer}`],
    joins: false,
    tls: {
      certificate: join(folder, files.certificate),
      key: join(folder, files.key),
      authority: join(folder, files.authority),
    },
    log: silentLog,
  });
  etcd.start();
  await etcd.ready();

  const members = async (credentials: { readonly cert?: string; readonly key?: string }): Promise<number> => {
    const asked = request(`${peer}/members`, { ca: authority.certificate, agent: false, ...credentials });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    answer.resume();
    return answer.statusCode;
  };
  assert.equal(await members(other), 200);
  await assert.rejects(members(worker));
  await assert.rejects(members({}));
});
