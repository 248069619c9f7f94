/** Who watches the device now, live or recorded, for admins. */
import type { Device } from '../../../lib/contract/device.ts';
import { call } from '../api/client.ts';
import { Watching } from '../sharing/Watching.tsx';
import classes from './device.module.css';

export default function WatchingDevice({ device: { id, channels } }: { device: Pick<Device, 'id' | 'channels'> }) {
  return (
    <div className={classes.alarms}>
      <Watching
        of={['device', id]}
        list={(signal) => call('GET /api/devices/{id}/sessions', { params: { id }, signal })}
        isShown
        whatOf={({ channel }) => channels.find(({ number }) => number === channel)?.name ?? `Channel ${channel}`}
        end={(session) =>
          session === undefined
            ? call('DELETE /api/devices/{id}/sessions', { params: { id } })
            : call('DELETE /api/devices/{id}/sessions/{session}', { params: { id, session } })
        }
      />
    </div>
  );
}
