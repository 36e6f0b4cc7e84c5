import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Live } from '../endpoints/container.ts';
import type { NetworkRecord } from '../model/record.ts';
import { Zones } from './zones.ts';

const network = (id: string): NetworkRecord =>
  ({ id, name: id, driver: 'bridge', options: {}, internal: false, ipam: [] }) as unknown as NetworkRecord;

const live = (id: string, ...networks: NetworkRecord[]): Live =>
  ({
    request: { id, name: id, dns: [], dnsOptions: [] },
    endpoints: networks.map((one) => ({
      network: one,
      names: [id],
      addresses: [],
      links: [],
      gateways: [],
      priority: 0,
    })),
  }) as unknown as Live;

test('a change of one network makes the zones of its members anew, and looks at no other network', () => {
  const [a, b] = [network('a'), network('b')];
  const lives = [live('one', a), live('two', a, b), live('three', b)];
  const looked: string[] = [];
  const zones = new Zones((record) => {
    looked.push(record.id);
    return lives.flatMap(({ request, endpoints }) =>
      endpoints
        .filter((endpoint) => endpoint.network === record)
        .map((endpoint) => ({ containerId: request.id, name: request.name, endpoint })),
    );
  });
  const [one, two, three] = lives.map((each) => zones.of(each));
  assert.deepEqual(looked, ['a', 'b'], 'each network once, whoever asks');
  const newcomer = live('four', a);
  lives.push(newcomer);
  zones.changed(newcomer);
  const [oneNow, twoNow, threeNow] = lives.map((each) => zones.of(each));
  assert.deepEqual([oneNow === one, twoNow === two, threeNow === three], [false, false, true]);
  assert.deepEqual(looked, ['a', 'b', 'a']);
});
