// A netlink socket: one request, its answer at once. Calls are short and synchronous; a refusal is a SystemCallError with the errno's name.
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { faultPoint } from '../fault.ts';
import { bind, checked, SystemCallError } from '../libc.ts';
import { decode, encode, type Message, NLM, NLMSG_DONE, NLMSG_ERROR, readError, type Request } from './codec.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const sendCall = bind('long send(int fd, const void *data, size_t length, int flags)');
const recvCall = bind('long recv(int fd, void *data, size_t length, int flags)');
const bindCall = bind('int bind(int fd, const void *address, unsigned int length)');
const getsocknameCall = bind('int getsockname(int fd, void *address, void *length)');
const setsockoptCall = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const PROTOCOL = { route: 0, netfilter: 12 } as const;
const SOL_NETLINK = 270;
const CAP_ACK = 10;
const EXT_ACK = 11;
const STRICT = 12;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** Seconds that the kernel gets for an answer, which it gives within the call. */
const PATIENCE = 5n;

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(64 * 1024);
  #sequence = 0;

  /** Lives in the network namespace of the calling thread at this moment. */
  constructor(protocol: keyof typeof PROTOCOL = 'route') {
    this.#fd = checked(socketCall(AF_NETLINK, SOCK_RAW_CLOEXEC, PROTOCOL[protocol]) as number, 'socket', 'netlink');
    const on = Buffer.from([1, 0, 0, 0]);
    setsockoptCall(this.#fd, SOL_NETLINK, EXT_ACK, on, 4);
    setsockoptCall(this.#fd, SOL_NETLINK, CAP_ACK, on, 4);
    // the kernel itself picks out what a list is asked for; one that cannot gives all
    setsockoptCall(this.#fd, SOL_NETLINK, STRICT, on, 4);
    const wait = Buffer.alloc(16);
    wait.writeBigInt64LE(PATIENCE, 0);
    setsockoptCall(this.#fd, SOL_SOCKET, SO_RCVTIMEO, wait, 16);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** What the kernel calls this socket in its events. */
  port(): number {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    const length = Buffer.from([12, 0, 0, 0]);
    bindCall(this.#fd, address, address.length);
    checked(getsocknameCall(this.#fd, address, length) as number, 'getsockname', 'netlink');
    return address.readUInt32LE(4);
  }

  /** Sends, and gives every message of the answer. `what` names the act in a failure. */
  ask(request: Request, what: string): Message[] {
    if ((request.flags & NLM.DUMP) !== NLM.DUMP) faultPoint(`netlink.${request.type}`);
    this.#sequence += 1;
    const sequence = this.#sequence;
    const bytes = encode(request, sequence);
    checked(sendCall(this.#fd, bytes, bytes.length, 0) as number, 'netlink', what);
    return this.#answer(request, sequence, what);
  }

  /** Several messages in one go, of which `last` is to be acknowledged; the first refusal is thrown. */
  transact({ bytes, last }: { readonly bytes: Buffer; readonly last: number }, what: string): void {
    faultPoint('netlink.batch');
    checked(sendCall(this.#fd, bytes, bytes.length, 0) as number, 'netlink', what);
    let refused: SystemCallError | undefined;
    for (;;) {
      const length = checked(recvCall(this.#fd, this.#buffer, this.#buffer.length, 0) as number, 'netlink', what);
      for (const message of decode(Buffer.from(this.#buffer.subarray(0, length)))) {
        if (message.type !== NLMSG_ERROR) continue;
        const { errno, words } = readError(message.payload);
        if (errno !== 0) refused ??= new SystemCallError('netlink', errno, words === '' ? what : `${what} (${words})`);
        // an answer to the first message is about the whole
        if (message.sequence !== last && message.sequence !== 0) continue;
        if (refused) throw refused;
        return;
      }
    }
  }

  /** As `ask`, for acts in which the kernel waits: the call is made on a pool thread; the socket stays in its namespace. */
  async askSlow(request: Request, what: string): Promise<Message[]> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const bytes = encode(request, sequence);
    // the kernel does the work within send, so the answer is there when it returns
    const sent = await new Promise<number>((resolve, reject) => {
      sendCall.async(this.#fd, bytes, bytes.length, 0, (error: Error | null, result: number) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
    // the errno stays with the pool thread; what the kernel refuses it says in its answer
    if (sent < 0) throw new SystemCallError('netlink', constants.errno.EIO, what);
    return this.#answer(request, sequence, what);
  }

  #answer(request: Request, sequence: number, what: string): Message[] {
    const dump = (request.flags & 0x300) === 0x300;
    const wantsAck = (request.flags & 4) !== 0;
    const found: Message[] = [];
    for (;;) {
      const length = checked(recvCall(this.#fd, this.#buffer, this.#buffer.length, 0) as number, 'netlink', what);
      for (const message of decode(Buffer.from(this.#buffer.subarray(0, length)))) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_DONE) return found;
        if (message.type === NLMSG_ERROR) {
          const { errno, words } = readError(message.payload);
          if (errno === 0) return found;
          throw new SystemCallError('netlink', errno, words === '' ? what : `${what} (${words})`);
        }
        found.push(message);
        if (!dump && !wantsAck) return found;
      }
    }
  }
}
