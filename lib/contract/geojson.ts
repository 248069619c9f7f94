/** Where a device was, as GeoJSON (RFC 7946): one feature for each unbroken track, with the time of each of its points. */
import { z } from 'zod';

/** Longitude and latitude in degrees, metres above sea level (RFC 7946 3.1.1). */
const coordinate = z.tuple([z.number(), z.number(), z.number()]);
/** A line has two positions at least (RFC 7946 3.1.4). */
const line = z.array(coordinate).min(2);

const feature = z.object({
  type: z.literal('Feature'),
  geometry: z.discriminatedUnion('type', [
    z.object({ type: z.literal('LineString'), coordinates: line }),
    z.object({ type: z.literal('MultiLineString'), coordinates: z.array(line).min(2) }).meta({
      description:
        'A track over 180°, cut there (RFC 7946 3.1.9). Each cut adds a point at the end of one part and the same one at the beginning of the next, at 180 and -180; its time is between those of its neighbours.',
    }),
    z.object({ type: z.literal('Point'), coordinates: coordinate }),
  ]),
  /** Lists have one entry for every coordinate, through all parts of a line. */
  properties: z.object({
    times: z.array(z.iso.datetime()),
    speedKmh: z.array(z.number()),
    direction: z.array(z.number()).meta({ description: 'Degrees clockwise from north.' }),
    accOn: z.array(z.boolean()).meta({ description: 'Ignition on.' }),
    alarms: z
      .record(z.string(), z.array(z.string()))
      .meta({ description: 'Alarms that were on, by the index of the coordinate.' }),
  }),
});
export type TrackFeature = z.infer<typeof feature>;

export const track = z.object({
  type: z.literal('FeatureCollection'),
  thinned: z.boolean().meta({ description: 'Points were left out to keep the answer small.' }),
  features: z.array(feature),
});
export type Track = z.infer<typeof track>;
