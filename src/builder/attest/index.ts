// What is said of an image beside it: the packages it holds, and how it was built.
export { observePackages } from './observe.ts';
export { imagePurl, type Material, PROVENANCE_TYPE, type ProvenanceInput, provenanceOf } from './provenance.ts';
export { sbomOf, SPDX_TYPE } from './sbom.ts';
export { type Attestation, attestationManifest } from './statement.ts';
