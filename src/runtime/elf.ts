// The smallest ELF file around a piece of machine code. Pure.

/** ELF machine numbers. */
const MACHINES = { x64: 62, arm64: 183 } as const;

/** A static program that consists of `code`; 120 bytes more than that. */
export function staticProgram(arch: keyof typeof MACHINES, code: readonly number[]): Buffer {
  const base = 0x400000n;
  const header = Buffer.alloc(120);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(MACHINES[arch], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + 120n, 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  const size = BigInt(120 + code.length);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([header, Buffer.from(code)]);
}
