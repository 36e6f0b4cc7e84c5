import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Live } from '../endpoints/container.ts';
import { Zones } from './zones.ts';

test('users E4: on internal networks those name servers are asked that the container names and that are on them', () => {
  const network = {
    id: 'ab'.repeat(32),
    name: 'inside',
    driver: 'bridge',
    internal: true,
    ipv4: true,
    ipv6: false,
    ipam: [{ Subnet: '10.213.7.0/24', Gateway: '10.213.7.1' }],
    options: {},
  };
  const asksOutside = (dns: readonly string[]): boolean =>
    new Zones(() => []).of({
      request: { dns, dnsOptions: [] },
      endpoints: [{ network, gateways: [], links: [], priority: 0 }],
    } as unknown as Live).request.outside;
  assert.deepEqual(
    [asksOutside([]), asksOutside(['9.9.9.9']), asksOutside(['9.9.9.9', '10.213.7.53'])],
    [false, false, true],
  );
});
