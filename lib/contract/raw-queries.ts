/**
 * Three questions that are ready in Athena's workgroup. Files may hold an event twice (docs/insight.md), so each begins with every
 * event once. In the part of SQL that Trino, which Athena is, and DuckDB, by which tests ask the same, have in common. Pure.
 */
import { RAW_TABLE } from './raw-events.ts';

export interface ReadyQuery {
  readonly name: string;
  readonly description: string;
  readonly sql: string;
}

/** Days that a ready query looks at: what is scanned is paid for. */
const DAYS = 7;

/** Every event of the last days once, by what its post is numbered: `once`. */
const once = (database: string): string => `WITH copies AS (
  SELECT *, row_number() OVER (PARTITION BY session, sequence, place ORDER BY received_time) AS nth
  FROM ${database}.${RAW_TABLE}
  WHERE day >= CAST(CAST(current_date - INTERVAL '${DAYS}' DAY AS date) AS varchar)
), once AS (
  SELECT * FROM copies WHERE nth = 1
)`;

export const readyQueries = (database: string): readonly ReadyQuery[] => [
  {
    name: 'Watched most',
    description: `Views, viewers and hours of each video and channel on each of the last ${DAYS} days`,
    sql: `${once(database)}
SELECT day, what,
  count(DISTINCT session) AS views,
  count(DISTINCT coalesce(viewer, session)) AS viewers,
  round(sum(watched_seconds) / 3600.0, 2) AS hours
FROM once
WHERE watched_seconds > 0
GROUP BY day, what
ORDER BY hours DESC, day, what
LIMIT 1000`,
  },
  {
    name: 'Played badly',
    description: `Start-up, stalls and errors of the last ${DAYS} days by country and kind of device, the worst first`,
    sql: `${once(database)}
SELECT coalesce(country, '?') AS country, device,
  count(DISTINCT session) AS views,
  round(avg(startup_ms)) AS startup_ms,
  approx_percentile(startup_ms, 0.95) AS startup_ms_p95,
  count(stalled_ms) AS stalls,
  round(coalesce(sum(stalled_ms), 0) / (1000.0 * greatest(sum(watched_seconds), 1)), 4) AS stall_ratio,
  count(DISTINCT CASE WHEN fatal THEN session END) AS failed
FROM once
GROUP BY coalesce(country, '?'), device
ORDER BY stall_ratio DESC, failed DESC, country, device
LIMIT 1000`,
  },
  {
    name: 'Where they leave',
    description: `Of each video, in which minute views of the last ${DAYS} days were over, and how they ended`,
    sql: `${once(database)}, views AS (
  SELECT video, session,
    max_by(at_second, event_time) FILTER (WHERE at_second IS NOT NULL) AS last_second,
    coalesce(max(reason), 'unknown') AS how
  FROM once
  WHERE video IS NOT NULL
  GROUP BY video, session
)
SELECT video, CAST(floor(last_second / 60.0) AS integer) AS minute, how, count(*) AS views
FROM views
WHERE last_second IS NOT NULL
GROUP BY video, CAST(floor(last_second / 60.0) AS integer), how
ORDER BY video, minute, how
LIMIT 10000`,
  },
];
