// A bucket for tests: s3rver, a server that others made, in a process of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TestBucket implements AsyncDisposable {
  /** `http://127.0.0.1:PORT/hub` */
  readonly url: string;
  readonly #end: () => Promise<void>;

  private constructor(url: string, end: () => Promise<void>) {
    this.url = url;
    this.#end = end;
  }

  static async start(): Promise<TestBucket> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-bucket-'));
    // its own program does not start with a bucket; its list with a delimiter forgets folders that hold folders only
    const script = `import Server from 's3rver';
import Store from 's3rver/lib/stores/filesystem.js';
const { listObjects } = Store.prototype;
Store.prototype.listObjects = async function (bucket, options) {
  const { delimiter, prefix = '' } = options;
  if (!delimiter) return listObjects.call(this, bucket, options);
  const all = await listObjects.call(this, bucket, { ...options, delimiter: '', maxKeys: Infinity });
  const end = (key) => key.indexOf(delimiter, prefix.length) + 1;
  const groups = all.objects.filter(({ key }) => end(key) > 0).map(({ key }) => key.slice(0, end(key)));
  return { objects: all.objects.filter(({ key }) => end(key) === 0), commonPrefixes: [...new Set(groups)], isTruncated: false };
};
const options = { address: '127.0.0.1', port: 0, silent: true, directory: process.argv[1], configureBuckets: [{ name: 'hub' }] };
console.log('port ' + (await new Server(options).run()).port);`;
    const flags = ['--no-warnings', '--input-type=module', '--eval', script, folder];
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'], cwd: import.meta.dirname });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const port = await new Promise<string>((resolve, reject) => {
      let said = '';
      const read = (text: string): void => {
        said += text;
        const found = /^port (\d+)$/m.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.once('exit', () => reject(new Error(`s3rver ended: ${said}`)));
    });
    return new TestBucket(`http://127.0.0.1:${port}/hub`, async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

/** Those that s3rver takes. */
export const TEST_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', region: 'us-east-1' };
