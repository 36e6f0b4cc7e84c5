// The routes of the distribution protocol: method, path, what one must be allowed, and who answers.
import type { Route } from '../../http/index.ts';
import { appendUpload } from './append-upload.ts';
import { cancelUpload } from './cancel-upload.ts';
import { listRepositories } from './catalog.ts';
import { deleteBlob } from './delete-blob.ts';
import { deleteManifest } from './delete-manifest.ts';
import { finishUpload } from './finish-upload.ts';
import { listTags } from './list-tags.ts';
import { pullBlob } from './pull-blob.ts';
import { pullManifest } from './pull-manifest.ts';
import { pushManifest } from './push-manifest.ts';
import { listReferrers } from './referrers.ts';
import type { Action, Call } from './registry.ts';
import { startUpload } from './start-upload.ts';
import { uploadStatus } from './upload-status.ts';

export interface RegistryRoute extends Route {
  /** On the repository that the path names. */
  readonly needs: Action | 'login' | 'catalog';
  readonly run: (call: Call) => Promise<void> | void;
}

const NAMED = '/v2/{name+}';
const row = (
  method: Route['method'],
  path: string,
  needs: RegistryRoute['needs'],
  run: RegistryRoute['run'],
): RegistryRoute => ({ method, path, needs, run });

const ping = ({ exchange }: Call): void => exchange.send(200, '{}', { 'Content-Type': 'application/json' });

export const REGISTRY_ROUTES: readonly RegistryRoute[] = [
  row('GET', '/v2/', 'login', ping),
  row('GET', '/v2', 'login', ping),
  row('GET', '/v2/_catalog', 'catalog', listRepositories),
  row('POST', `${NAMED}/blobs/uploads/`, 'push', startUpload),
  row('POST', `${NAMED}/blobs/uploads`, 'push', startUpload),
  row('GET', `${NAMED}/blobs/uploads/{id}`, 'push', uploadStatus),
  row('PATCH', `${NAMED}/blobs/uploads/{id}`, 'push', appendUpload),
  row('PUT', `${NAMED}/blobs/uploads/{id}`, 'push', finishUpload),
  row('DELETE', `${NAMED}/blobs/uploads/{id}`, 'push', cancelUpload),
  row('GET', `${NAMED}/blobs/{digest}`, 'pull', pullBlob),
  row('DELETE', `${NAMED}/blobs/{digest}`, 'delete', deleteBlob),
  row('GET', `${NAMED}/manifests/{reference}`, 'pull', pullManifest),
  row('PUT', `${NAMED}/manifests/{reference}`, 'push', pushManifest),
  row('DELETE', `${NAMED}/manifests/{reference}`, 'delete', deleteManifest),
  row('GET', `${NAMED}/tags/list`, 'pull', listTags),
  row('GET', `${NAMED}/referrers/{digest}`, 'pull', listReferrers),
];
