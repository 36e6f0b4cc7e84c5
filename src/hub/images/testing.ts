// Archives for tests of what lies in a layer.

/** A member in ustar form; `type` 5 is a directory. */
function member(path: string, content: string | Uint8Array, type: string): Buffer {
  const data = Buffer.from(content);
  const head = Buffer.alloc(512);
  const octal = (value: number, digits: number, at: number): void => {
    head.write(value.toString(8).padStart(digits, '0'), at);
  };
  head.write(path);
  octal(0o644, 7, 100);
  octal(0, 7, 108);
  octal(0, 7, 116);
  octal(data.length, 11, 124);
  octal(0, 11, 136);
  head.write(`        ${type}`, 148);
  head.write('ustar', 257);
  head.write('00', 263);
  octal(
    head.reduce((total, byte) => total + byte, 0),
    6,
    148,
  );
  head[154] = 0;
  return Buffer.concat([head, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** By path, one with a slash at its end a directory. */
export function archive(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const members = Object.entries(files).map(([path, content]) => member(path, content, path.endsWith('/') ? '5' : '0'));
  return Buffer.concat([...members, Buffer.alloc(1024)]);
}
