// Where everything lies below the root: the layout of docker-registry, which its tools read too. Pure.
//
//   docker/registry/v2/
//     blobs/sha256/ab/abcd…/data                       a blob, once for all repositories
//     repositories/<name>/
//       _layers/sha256/<hex>/link                      the repository has this blob
//       _manifests/revisions/sha256/<hex>/link         … and this manifest
//       _manifests/tags/<tag>/current/link             what a tag names
//       _manifests/tags/<tag>/index/sha256/<hex>/link  … and what it has named
//       _uploads/<uuid>/data, startedat                an upload under way
//   hub/                                               our own: docker-registry does not look here
//     hub.db                                           users, counts, and an index that can be made again
import type { BlobDigest } from '../model/index.ts';

const BASE = 'docker/registry/v2';
export const REPOSITORIES = `${BASE}/repositories`;
export const BLOBS = `${BASE}/blobs`;

export const repositoryPath = (name: string): string => `${REPOSITORIES}/${name}`;
export const blobFolder = ({ algorithm, hex }: BlobDigest): string => `${BLOBS}/${algorithm}/${hex.slice(0, 2)}/${hex}`;
export const blobPath = (digest: BlobDigest): string => `${blobFolder(digest)}/data`;
export const layersPath = (name: string): string => `${repositoryPath(name)}/_layers`;
export const layerFolder = (name: string, { algorithm, hex }: BlobDigest): string =>
  `${layersPath(name)}/${algorithm}/${hex}`;
export const layerLink = (name: string, digest: BlobDigest): string => `${layerFolder(name, digest)}/link`;
export const revisionsPath = (name: string): string => `${repositoryPath(name)}/_manifests/revisions`;
export const revisionFolder = (name: string, { algorithm, hex }: BlobDigest): string =>
  `${revisionsPath(name)}/${algorithm}/${hex}`;
export const revisionLink = (name: string, digest: BlobDigest): string => `${revisionFolder(name, digest)}/link`;
export const tagsPath = (name: string): string => `${repositoryPath(name)}/_manifests/tags`;
export const tagFolder = (name: string, tag: string): string => `${tagsPath(name)}/${tag}`;
export const tagLink = (name: string, tag: string): string => `${tagFolder(name, tag)}/current/link`;
export const tagHistoryLink = (name: string, tag: string, { algorithm, hex }: BlobDigest): string =>
  `${tagFolder(name, tag)}/index/${algorithm}/${hex}/link`;
export const uploadsPath = (name: string): string => `${repositoryPath(name)}/_uploads`;
export const uploadFolder = (name: string, id: string): string => `${uploadsPath(name)}/${id}`;
export const uploadData = (name: string, id: string): string => `${uploadFolder(name, id)}/data`;
export const uploadStart = (name: string, id: string): string => `${uploadFolder(name, id)}/startedat`;
