// Counts how often each visitor came. The count lives in Redis, or in memory where REDIS_HOST is not set.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { count } from './redis.mjs';

const { PORT = '3000', REDIS_HOST = '' } = process.env;
const DAY = 86_400;
const memory = new Map();

async function visits(session) {
  if (REDIS_HOST !== '') return count(REDIS_HOST, `session:${session}`, DAY);
  memory.set(session, (memory.get(session) ?? 0) + 1);
  return memory.get(session);
}

const server = createServer(async (request, response) => {
  const session = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID();
  try {
    const times = await visits(session);
    response.setHeader('Set-Cookie', `session=${session}; Max-Age=${DAY}; HttpOnly; SameSite=Lax`);
    response.end(`visit ${times}, served by ${hostname()}\n`);
  } catch (error) {
    response.statusCode = 503;
    response.end(`no sessions: ${error.message}\n`);
  }
});

server.listen(Number(PORT), () => console.log(`listening on ${PORT}`));
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
