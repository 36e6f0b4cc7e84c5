// Makes traffic, in whatever namespace it is started: `traffic.ts serve PORT`, or `bytes|trips HOST PORT`, or `names NAME`. The last
// three print one number: MB a second, round trips a second, answers a second.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const SECONDS = 0.5;
const PIECE = Buffer.alloc(256 * 1024);
/** Questions under way at once. */
const AT_ONCE = 32;

const [what = '', ...args] = process.argv.slice(2);
const verbs: Readonly<Record<string, (...words: string[]) => void>> = { serve, bytes, trips, names };
verbs[what]?.(...args);

/** What comes in 64 bytes at a time is sent back; more than that is counted for and thrown away. */
function serve(port: string): void {
  createServer((socket) => {
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (chunk.length <= 64) socket.write(chunk);
    });
  }).listen(Number(port), '0.0.0.0', () => console.log('ready'));
}

function bytes(host: string, port: string): void {
  let sent = 0;
  const socket = connect(Number(port), host, () => {
    const begin = performance.now();
    const more = (): void => {
      while (performance.now() - begin < SECONDS * 1000) {
        sent += PIECE.length;
        if (!socket.write(PIECE)) return;
      }
      console.log((sent - socket.writableLength) / 1e6 / SECONDS);
      process.exit();
    };
    socket.on('drain', more);
    more();
  });
}

function trips(host: string, port: string): void {
  let count = 0;
  const message = Buffer.alloc(64);
  const socket = connect(Number(port), host, () => {
    socket.setNoDelay(true);
    const begin = performance.now();
    socket.on('data', () => {
      count += 1;
      if (performance.now() - begin < SECONDS * 1000) socket.write(message);
      else {
        console.log(count / SECONDS);
        process.exit();
      }
    });
    socket.write(message);
  });
}

/** Asks 127.0.0.11 for the address of a name. */
function names(name: string): void {
  const question = Buffer.concat([
    Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  let answers = 0;
  const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
  const ask = (): void => socket.send(question, 53, '127.0.0.11');
  const begin = performance.now();
  socket.on('message', (answer) => {
    if (answer.readUInt16BE(6) === 0) throw new Error(`${name} has no address`);
    answers += 1;
    if (performance.now() - begin < SECONDS * 1000) return ask();
    console.log(answers / SECONDS);
    return process.exit();
  });
  for (let count = 0; count < AT_ONCE; count += 1) ask();
}
