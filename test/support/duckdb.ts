/** Asks files of Parquet by DuckDB: a reader that is not ours, in a dialect of SQL close to Athena's (which is Trino's). */
import { join } from 'node:path';
import { output } from '../../lib/process.ts';
import { pythonEnvironment } from '../../local/python.ts';

/** What Athena's dialect calls otherwise: DuckDB's estimate of a percentile. */
const MACROS = 'CREATE MACRO approx_percentile(x, p) AS approx_quantile(x, p)';

const SCRIPT = `
import duckdb, json, sys
asked = json.load(sys.stdin)
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
for statement in asked['before']:
    db.execute(statement)
answers = []
for sql in asked['queries']:
    found = db.execute(sql)
    names = [column[0] for column in found.description]
    answers.append([dict(zip(names, row)) for row in found.fetchall()])
print(json.dumps(answers, default=str))
`;

export type Answer = Record<string, string | number | boolean | null>[];

/** Answers each query, in one session. `table`: `schema.name`, as which the files below `folder` are known. */
export async function askDuckDb(folder: string, table: string, queries: readonly string[]): Promise<Answer[]> {
  const python = await pythonEnvironment('duckdb', ['duckdb==2.0.1'], () => {});
  const before = [
    `CREATE SCHEMA ${table.split('.')[0]}`,
    `CREATE VIEW ${table} AS SELECT * FROM read_parquet('${folder}/**/*.parquet', hive_partitioning = true, hive_types = {'day': VARCHAR, 'hour': INTEGER})`,
    MACROS,
  ];
  const asked = Buffer.from(JSON.stringify({ before, queries }));
  const { stdout } = await output(join(python, 'bin', 'python'), ['-c', SCRIPT], {
    input: (async function* () {
      yield asked;
    })(),
    maxBytes: 10_000_000,
  });
  return JSON.parse(stdout.toString()) as Answer[];
}
