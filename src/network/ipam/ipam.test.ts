// Subnets and addresses: what is free, what is refused, and properties that hold for all.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressText,
  type Block,
  blockText,
  contains,
  overlaps,
  parseAddress,
  parseBlock,
} from '../../base/address.ts';
import { DEFAULT_POOLS, freeAddress, freeSubnet, localV6, subnetOf, takeAddress } from './ipam.ts';

const block = (text: string): Block => {
  const found = parseBlock(text);
  assert.ok(found, text);
  return found;
};

describe('addresses', () => {
  test('text and value are one', () => {
    for (const text of [
      '0.0.0.0',
      '10.1.2.3',
      '255.255.255.255',
      '::',
      '::1',
      'fd00::1:0:0:1',
      '2001:db8::',
      '1:2:3:4:5:6:7:8',
    ]) {
      const address = parseAddress(text);
      assert.ok(address);
      assert.equal(addressText(address), text);
    }
    assert.equal(addressText(parseAddress('::ffff:1.2.3.4') ?? { family: 4, value: 0n }), '::ffff:102:304');
  });

  test('what is no address', () => {
    for (const text of ['', 'x', '1.2.3', '1.2.3.256', '1.2.3.04', 'fe80::1%eth0'])
      assert.equal(parseAddress(text), undefined, text);
    for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', 'x/8'])
      assert.equal(parseBlock(text), undefined, text);
  });

  test('every IPv6 value survives', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (value) => {
        assert.equal(parseAddress(addressText({ family: 6, value }))?.value, value);
      }),
    );
  });
});

describe('subnets', () => {
  test('come from the pools in their order, around what is taken', () => {
    const taken = { networks: [{ name: 'a', block: block('172.17.0.0/16') }], host: [block('172.18.5.0/24')] };
    assert.equal(blockText(freeSubnet(DEFAULT_POOLS, taken)), '172.18.0.0/24');
    assert.equal(
      blockText(freeSubnet(DEFAULT_POOLS, { ...taken, host: [block('172.18.0.0/22'), block('172.18.1.0/24')] })),
      '172.18.4.0/24',
    );
    assert.equal(
      blockText(freeSubnet(DEFAULT_POOLS, { networks: [], host: [block('172.16.0.0/12')] })),
      '192.168.0.0/24',
    );
  });

  test('none left is said with who holds them', () => {
    const pools = [{ base: block('10.9.0.0/23'), size: 24 }];
    const networks = [
      { name: 'a', block: block('10.9.0.0/24') },
      { name: 'b', block: block('10.9.1.0/24') },
    ];
    assert.throws(() => freeSubnet(pools, { networks, host: [] }), {
      kind: 'invalid',
      message: 'all predefined address pools have been fully subnetted',
      hint: 'networks hold them: a (10.9.0.0/24), b (10.9.1.0/24)',
    });
  });

  test('never overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), (count) => {
        const got: Block[] = [];
        for (let n = 0; n < count; n += 1)
          got.push(freeSubnet(DEFAULT_POOLS, { networks: got.map((one) => ({ name: '', block: one })), host: [] }));
        for (const [at, one] of got.entries()) assert.ok(got.slice(at + 1).every((two) => !overlaps(one, two)));
      }),
      { numRuns: 10 },
    );
  });

  test('a random IPv6 subnet is a local /64', () => {
    assert.match(blockText(localV6(0x1234567890abcdn)), /^fd12:3456:7890:abcd::\/64$/);
  });
});

describe('addresses of a subnet', () => {
  test('the gateway is the first, containers follow; edges and reserved ones are left out', () => {
    const subnet = subnetOf(block('10.1.0.0/29'), { reserved: { router: '10.1.0.2' } });
    assert.equal(addressText(subnet.gateway), '10.1.0.1');
    const used = new Set<bigint>();
    const got: string[] = [];
    for (let one = freeAddress(subnet, used); one; one = freeAddress(subnet, used)) {
      used.add(one.value);
      got.push(addressText(one));
    }
    assert.deepEqual(got, ['10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
  });

  test('a range bounds them', () => {
    const subnet = subnetOf(block('10.1.0.0/24'), {
      gateway: '10.1.0.77',
      range: '10.1.0.128/28',
      reserved: { a: '10.1.0.129' },
    });
    assert.equal(addressText(freeAddress(subnet, new Set()) ?? subnet.gateway), '10.1.0.128');
  });

  test('wishes are granted or refused in the words of dockerd', () => {
    const subnets = [subnetOf(block('10.1.0.0/24'), {})];
    assert.equal(addressText(takeAddress(subnets, '10.1.0.9', new Set())), '10.1.0.9');
    const nine = parseAddress('10.1.0.9')?.value ?? 0n;
    assert.throws(() => takeAddress(subnets, '10.1.0.9', new Set([nine])), {
      kind: 'forbidden',
      message: 'Address already in use',
    });
    assert.throws(() => takeAddress(subnets, '10.1.0.1', new Set()), /Address already in use/);
    assert.throws(() => takeAddress(subnets, '10.2.0.9', new Set()), {
      kind: 'invalid',
      message: "invalid address 10.2.0.9: It does not belong to any of this network's subnets",
    });
  });

  test('whatever is used, what is given is free and inside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 30 }), fc.array(fc.integer({ min: 0, max: 255 })), (bits, numbers) => {
        const base = block(`10.3.0.0/${bits}`);
        const subnet = subnetOf(base, {});
        const used = new Set(numbers.map((one) => base.value + BigInt(one)));
        const got = freeAddress(subnet, used);
        if (!got) return;
        assert.ok(contains(base, got) && !used.has(got.value) && got.value !== subnet.gateway.value);
      }),
    );
  });
});
