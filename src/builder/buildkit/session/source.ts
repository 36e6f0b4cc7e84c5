// A client's directory as a context of the builder: single files at once, the tree into a copy that is kept for the next build.
import type { ContextSource, ContextTree, Report, SyncRequest } from '../../model/request.ts';
import { type FileCall, readFiles, reporter, sessionFiles, syncTree } from './filesync.ts';
import type { Session } from './sessions.ts';
import type { Trees } from '../../context/trees.ts';

export interface SessionDirectory {
  readonly session: Session;
  /** As the client named it: `context`, `dockerfile`. */
  readonly name: string;
  readonly label: string;
  /** Also read when the first file is asked for, to save a round trip. */
  readonly companions?: (path: string) => readonly string[];
}

export function sessionSource(trees: Trees, { session, name, label, companions }: SessionDirectory): ContextSource {
  const here = new Map<string, Uint8Array | undefined>();
  return {
    label,
    async readFile(path, limit, signal) {
      if (!here.has(path)) {
        const paths = [path, ...(companions?.(path) ?? [])];
        const found = await readFiles(session, name, paths, limit, signal);
        for (const one of paths) here.set(one, found.get(one));
      }
      return here.get(path);
    },
    async sync(request: SyncRequest, report: Report, signal: AbortSignal): Promise<ContextTree> {
      // without a key nothing of the client can be told again, and what is sent is for this build only
      const tree = trees.hold(
        session.sharedKey === '' ? `session:${session.id}:${name}` : `${session.sharedKey}:${name}`,
      );
      try {
        const open = (until: AbortSignal): FileCall => sessionFiles(session, name, request, until);
        const manifest = await syncTree(open, tree, reporter(label, report), signal);
        return {
          directory: tree.directory,
          manifest,
          [Symbol.asyncDispose]: async () => tree.release(),
        };
      } catch (error) {
        tree.release();
        throw error;
      }
    },
  };
}
