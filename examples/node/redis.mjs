// The two commands of Redis that this program needs, over one connection for each call.
import { connect } from 'node:net';

/** Adds one to a counter that lives for `seconds`; answers its new value. */
export async function count(host, key, seconds) {
  const answer = await send(host, ['INCR', key], ['EXPIRE', key, String(seconds)]);
  const value = /^:(\d+)\r\n/.exec(answer);
  if (!value) throw new Error(`redis said: ${answer.trim()}`);
  return Number(value[1]);
}

function send(host, ...commands) {
  return new Promise((resolve, reject) => {
    const socket = connect(6379, host);
    let answer = '';
    socket.setTimeout(2000, () => socket.destroy(new Error(`${host} does not answer`)));
    socket.on('error', reject).on('data', (chunk) => {
      answer += chunk;
      if (answer.split('\r\n').length > commands.length) socket.end();
    });
    socket.on('end', () => resolve(answer));
    socket.write(commands.map(encode).join(''));
  });
}

function encode(words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
