import { mkdtempSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { EtcdChild } from './child.ts';
import { MemoryStore } from './memory.ts';
import { etcdProgram, storeContract } from './testing.ts';

storeContract('memory', () => {
  const store = new MemoryStore();
  return Promise.resolve({ store, compact: () => Promise.resolve(store.compact()) });
});

const folder = mkdtempSync('/tmp/berth-etcd-');
let etcd: EtcdChild | undefined;

storeContract('etcd', async () => {
  const peer = `http://127.0.0.1:${20_000 + (process.pid % 10_000)}`;
  etcd = new EtcdChild({
    program: etcdProgram(),
    folder,
    name: 'n1',
    peer,
    members: [`n1=${peer}`],
    joins: false,
    log: silentLog,
  });
  etcd.start();
  await etcd.ready();
  const { store } = etcd;
  return { store, compact: async () => store.compact((await store.list('/')).revision) };
});

after(async () => {
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
});
