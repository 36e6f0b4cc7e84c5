// Which body and which answer each route has: types only, so that clients and handlers cost nothing for them.
import type {
  ContainerCreateBody,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerPruneResponse,
  ContainerSummary,
  ContainerTopResponse,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  DeepPartial,
  HostConfig,
} from './container.ts';
import type { ExecCreateBody, ExecInspect, ExecStartBody } from './exec.ts';
import type { ImageDeleteItem, ImageHistoryItem, ImageInspect, ImagePruneResponse, ImageSummary } from './image.ts';
import type { RouteId } from './routes.ts';
import type { DiskUsageResponse, InfoResponse, VersionResponse } from './system.ts';
import type { Volume, VolumeCreateBody, VolumeListResponse, VolumePruneResponse } from './volume.ts';

interface RequestBodies {
  ContainerCreate: ContainerCreateBody;
  ContainerUpdate: DeepPartial<HostConfig>;
  ContainerExec: ExecCreateBody;
  ExecStart: ExecStartBody;
  VolumeCreate: VolumeCreateBody;
}

interface ResponseBodies {
  SystemPing: string;
  SystemVersion: VersionResponse;
  SystemInfo: InfoResponse;
  SystemDataUsage: DiskUsageResponse;
  ContainerCreate: ContainerCreateResponse;
  ContainerList: ContainerSummary[];
  ContainerInspect: ContainerInspect;
  ContainerTop: ContainerTopResponse;
  ContainerWait: ContainerWaitResponse;
  ContainerPrune: ContainerPruneResponse;
  ContainerUpdate: ContainerUpdateResponse;
  ContainerExec: { Id: string };
  ExecInspect: ExecInspect;
  ImageList: ImageSummary[];
  ImageInspect: ImageInspect;
  ImageHistory: ImageHistoryItem[];
  ImageDelete: ImageDeleteItem[];
  ImagePrune: ImagePruneResponse;
  VolumeList: VolumeListResponse;
  VolumeInspect: Volume;
  VolumeCreate: Volume;
  VolumePrune: VolumePruneResponse;
}

export type RequestBody<Id extends RouteId> = Id extends keyof RequestBodies ? RequestBodies[Id] : undefined;

/** The JSON that a successful call answers; undefined for streams and empty answers. */
export type ResponseBody<Id extends RouteId> = Id extends keyof ResponseBodies ? ResponseBodies[Id] : undefined;
