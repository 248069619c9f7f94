/** The two flows that dashboards show (lib/constructs/dashboards.ts): beside the alarms' metrics what passes through them. Pure data. */
import type { Path, Source, Statistic } from './metrics.ts';

/** What goes through a flow, seen beside its alarms. */
interface Passing {
  readonly title: string;
  readonly metrics: readonly { readonly source: Source; readonly statistic: Statistic; readonly label: string }[];
}

const machine = (name: Extract<Source, { of: 'machine' }>['name'], label: string) =>
  ({ source: { of: 'machine', at: 'Slicing/Machine', name }, statistic: 'Sum', label }) as const;
const calls = (at: Path, label: string) =>
  ({ source: { of: 'function', at, name: 'Invocations' }, statistic: 'Sum', label }) as const;
const ofTasks = (name: string, statistic: Statistic, label: string) =>
  ({ source: { of: 'task', name }, statistic, label }) as const;

export const FLOWS: Readonly<
  Record<'videos' | 'devices', { readonly title: string; readonly passing: readonly Passing[] }>
> = {
  videos: {
    title: '**Videos**: upload, slice, play. What to do: docs/runbook.md',
    passing: [
      {
        title: 'Calls of the API',
        metrics: [
          { source: { of: 'api', at: 'Api/Http', name: 'Count' }, statistic: 'Sum', label: 'all' },
          { source: { of: 'api', at: 'Api/Http', name: '4xx' }, statistic: 'Sum', label: '4xx' },
        ],
      },
      {
        title: 'Videos that are sliced',
        metrics: [
          calls('Upload/Handler', 'calls of uploads'),
          machine('ExecutionsStarted', 'runs begun'),
          machine('ExecutionsSucceeded', 'runs done'),
        ],
      },
      { title: 'Manifests', metrics: [calls('Playback/Manifest', 'manifests')] },
    ],
  },
  devices: {
    title: '**Devices**: connect, receive, cut, publish. What to do: docs/runbook.md',
    passing: [
      {
        title: 'A task, on average',
        metrics: [ofTasks('Devices', 'Average', 'devices'), ofTasks('Streams', 'Average', 'streams')],
      },
      { title: 'Pictures', metrics: [ofTasks('BitsPerSecond', 'Average', 'bit/s a task')] },
      {
        title: 'Network and S3',
        metrics: [
          ofTasks('LostPackets', 'Sum', 'packets lost'),
          ofTasks('LosingDevices', 'Maximum', 'devices that lose packets'),
          ofTasks('StoreRetries', 'Sum', 'tries again at S3'),
        ],
      },
      { title: 'Segments', metrics: [ofTasks('Segments', 'Sum', 'published')] },
      { title: 'Live playback', metrics: [calls('Devices/Live', 'calls')] },
    ],
  },
};
export type Flow = keyof typeof FLOWS;
