/** Who is faulty; see plant.ts. */
export const FAULTY = {
  message: '13790000001',
  timer: '13790000002',
  promise: '13790000003',
  picture: '13790000004',
  streamTimer: '13790000005',
  end: '13790000006',
  segment: '13790000007',
  segmentBytes: 200_000,
  file: 'faulty',
  result: 77,
} as const;
