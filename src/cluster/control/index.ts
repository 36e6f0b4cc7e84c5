// What the API asks of a cluster; loaded when the first such question comes.
import { Cluster, type ClusterOptions } from '../member/cluster.ts';
import { ForecastControl } from './forecast.ts';
import { KeyValueControl } from './kv.ts';
import { NetworkControl } from './networks.ts';
import { NodeControl } from './nodes.ts';
import { RemoteControl } from './remote.ts';
import { SecretControl } from './secrets.ts';
import { ServiceControl } from './services.ts';
import { SwarmControl } from './swarm.ts';
import { TaskControl } from './tasks.ts';

export class ClusterControl {
  readonly cluster: Cluster;
  readonly swarm: SwarmControl;
  readonly nodes: NodeControl;
  readonly services: ServiceControl;
  readonly tasks: TaskControl;
  readonly kv: KeyValueControl;
  readonly networks: NetworkControl;
  readonly secrets: SecretControl;
  readonly configs: SecretControl;
  readonly forecast: ForecastControl;
  readonly remote: RemoteControl;

  constructor(options: ClusterOptions) {
    this.cluster = new Cluster(options);
    this.swarm = new SwarmControl(this.cluster);
    this.nodes = new NodeControl(this.cluster);
    this.services = new ServiceControl(this.cluster);
    this.tasks = new TaskControl(this.cluster, this.nodes, this.services);
    this.kv = new KeyValueControl(this.cluster);
    this.networks = new NetworkControl(this.cluster);
    this.secrets = new SecretControl(this.cluster, 'secret');
    this.remote = new RemoteControl(this.cluster);
    this.forecast = new ForecastControl(this.cluster, this.nodes, this.services);
    this.configs = new SecretControl(this.cluster, 'config');
  }
}
