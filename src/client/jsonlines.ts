// JSON values one after the other, as progress, events and stats streams send them: one a line.
/** Yields the text of each line that is not empty. */
export async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const text = Buffer.concat([...rest, chunk.subarray(from, at)])
        .toString('utf8')
        .trim();
      rest = [];
      from = at + 1;
      if (text !== '') yield text;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  const text = Buffer.concat(rest).toString('utf8').trim();
  if (text !== '') yield text;
}
