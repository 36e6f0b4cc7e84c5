// Annotations on the command line, and where they go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationAttributes } from './annotation.ts';

test('users B11: an annotation goes to the manifest, or to each kind that stands before it', () => {
  assert.deepEqual(annotationAttributes(['a.b=c', 'index,manifest[linux/arm64]:u=http://x/?y=z', 'e=']), {
    'annotation.a.b': 'c',
    'annotation-index.u': 'http://x/?y=z',
    'annotation-manifest[linux/arm64].u': 'http://x/?y=z',
    'annotation.e': '',
  });
  assert.throws(() => annotationAttributes(['nothing']), /invalid annotation "nothing", expected key=value/);
});
