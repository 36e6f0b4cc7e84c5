// `os[/arch[/variant]]` as the JSON that newer routes want.
import { parsePlatform } from '../../../spec/oci/index.ts';
import { Failure } from '../../grammar/index.ts';

/** The query parameter; nothing when `text` is ''. `what` stands before what is wrong. */
export function platformQuery(text: string, what = 'invalid platform: '): { platform?: string } {
  return text === '' ? {} : { platform: JSON.stringify(readPlatform(text, what)) };
}

/** Throws Failure in containerd's words, with `what` before them. */
export function readPlatform(text: string, what: string): ReturnType<typeof parsePlatform> {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new Failure(`${what}${(error as Error).message}`);
  }
}
