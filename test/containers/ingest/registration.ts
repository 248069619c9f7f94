/** What a device says of itself when it registers. */
export const registration = {
  layout: 2013,
  province: 31,
  city: 100,
  manufacturer: 'ACME',
  model: 'CAM-1',
  terminalId: 'T000001',
  plateColor: 1,
  plate: '沪A12345',
} as const;
