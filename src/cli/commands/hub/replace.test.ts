// The order in which the container of a hub takes the place of another, over a daemon that is made up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../../client/index.ts';
import type { HubSettings } from './container.ts';
import type { ExistingHub } from './existing.ts';
import { replaceHub } from './replace.ts';

const SETTINGS: HubSettings = { image: 'i', volume: 'v', address: '127.0.0.1', port: 5000, isOpen: true, more: [] };
const BEFORE: ExistingHub = { id: '0123456789abcdef', settings: '', image: 'i', volumes: ['v'], isRunning: true };

interface Asked {
  readonly params?: { readonly id?: string };
  readonly query?: { readonly name?: string; readonly since?: string };
}

/** A daemon whose new container says `log`; all that it is asked is in `asked`. */
function daemon(log: string, isRunning: boolean): { readonly client: Client; readonly asked: string[] } {
  const asked: string[] = [];
  const note = (route: string, { params, query }: Asked): void => {
    asked.push([route, params?.id, query?.name, query?.since].filter((word) => word !== undefined).join(' '));
  };
  const frame = Buffer.alloc(8);
  frame[0] = 2;
  frame.writeUInt32BE(log.length, 4);
  const State = { Running: isRunning, StartedAt: '1970-01-01T00:00:01.000000002Z' };
  const client = {
    text: async (route: string, options: Asked) => note(route, options),
    call: async (route: string, options: Asked) => {
      if (route === 'ContainerCreate') note(route, options);
      return { Id: 'new', State, RestartCount: 0 };
    },
    stream: async (route: string, options: Asked) => {
      note(route, options);
      return { body: [Buffer.concat([frame, Buffer.from(log)])] };
    },
  };
  return { client: client as unknown as Client, asked };
}

test('the old container goes when the new one serves, whose log is read from its start on', async () => {
  const { client, asked } = daemon('hub serves /', true);
  await replaceHub(client, 'hub', SETTINGS, { before: BEFORE, tls: undefined });
  assert.deepEqual(asked, [
    'ContainerStop 0123456789abcdef',
    'ContainerRename 0123456789abcdef hub-0123456789ab',
    'ContainerCreate hub',
    'ContainerStart new',
    'ContainerLogs new 1.000000002',
    'ContainerStop 0123456789abcdef',
    'ContainerDelete 0123456789abcdef',
  ]);
});

test('the old container comes back when the new one cannot serve', async () => {
  const { client, asked } = daemon('berth hub: no', false);
  await assert.rejects(replaceHub(client, 'hub', SETTINGS, { before: BEFORE, tls: undefined }), {
    message: 'the hub does not serve:\nberth hub: no',
  });
  assert.deepEqual(asked.slice(5, 10), [
    'ContainerStop new',
    'ContainerStop new',
    'ContainerDelete new',
    'ContainerRename 0123456789abcdef hub',
    'ContainerStart 0123456789abcdef',
  ]);
});
