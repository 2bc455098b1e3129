/**
 * What somebody must do at a device so that it lets itself be paired: by the name it shows on the air where we know its ways, else by its profile. Read
 * from the top; a law holds that every profile has an entry without names.
 */
export type PairingHint = {
  /** Of the profile. */
  profile: string;
  /** On the air, or of the model; absent: any device of the profile. */
  names?: RegExp;
  says: { en: string; zh: string };
  source: string;
};

export const pairingHints: readonly PairingHint[] = [
  {
    profile: 'blood-pressure',
    names: /^A&D|UA-651/i,
    says: {
      en: 'With the cuff off, hold the START button until the display shows "Pr", then let go.',
      zh: '在未测量状态下，长按 START 键，直到屏幕显示 "Pr" 后松开。',
    },
    source: 'public hardware notes; don/cordova-plugin-ble-central issue 27',
  },
  {
    profile: 'blood-pressure',
    names: /^BLEsmart_|omron/i,
    says: {
      en: 'Hold the Bluetooth button for 3 seconds, until "P" or the Bluetooth sign blinks.',
      zh: '长按蓝牙键 3 秒，直到 "P" 或蓝牙标志闪烁。',
    },
    source: 'StanfordSpezi/SpeziDevices',
  },
  {
    profile: 'blood-pressure',
    says: {
      en: 'Take a measurement, or hold the Bluetooth button until its sign blinks; keep the cuff within a few steps.',
      zh: '测量一次，或长按蓝牙键直到蓝牙标志闪烁；请将血压计放在网关附近几步以内。',
    },
    source: 'Blood Pressure Profile 1.1, 5.2: a sensor becomes connectable when it has something to send',
  },
  {
    profile: 'glucose',
    names: /^meter\+|accu-chek/i,
    says: {
      en: 'On the meter choose Settings, Wireless (or Bluetooth), Pair device. It shows six digits: type them here when asked.',
      zh: '在血糖仪上依次选择“设置”“无线（或蓝牙）”“配对设备”。屏幕会显示六位数字，请在提示时输入。',
    },
    source: 'xDrip issue 208; Stack Overflow 63340809',
  },
  {
    profile: 'glucose',
    names: /^contour/i,
    says: {
      en: 'The meter must hold at least one result. Switch it on holding the button until the blue light blinks.',
      zh: '血糖仪中至少要有一条结果。长按电源键开机，直到蓝灯闪烁。',
    },
    source: 'NightscoutFoundation/xDrip; tidepool-org/uploader',
  },
  {
    profile: 'glucose',
    says: {
      en: 'Switch Bluetooth on in the menu of the meter and choose pairing. If it shows six digits, type them here when asked.',
      zh: '在血糖仪菜单中打开蓝牙并选择配对。若显示六位数字，请在提示时输入。',
    },
    source: 'Glucose Profile 1.0.1, 6: security with a bond; displays show the passkey',
  },
  {
    profile: 'continuous-glucose',
    says: {
      en: 'Bring the sensor within a few steps. A sensor talks to one receiver only: unpair it from the phone first. If it asks for digits, they stand on its box.',
      zh: '请将传感器置于网关附近。传感器只能连接一台接收器：请先在手机上解除配对。如需输入数字，请见包装盒。',
    },
    source: 'Continuous Glucose Monitoring Profile 1.0.2, 6',
  },
  {
    profile: 'pulse-oximeter',
    says: {
      en: 'Put the oximeter on a finger and wait until it shows a value.',
      zh: '将血氧仪夹在手指上，等待显示数值。',
    },
    source: 'Pulse Oximeter Profile 1.0.1, 5.2; andreasdri/nonin-3230-ble',
  },
  {
    profile: 'weight-scale',
    names: /^(BF\d|beurer)/i,
    says: {
      en: 'Hold the button below the scale until the display shows the Bluetooth sign, then step on. Have the user number and the PIN of the scale at hand.',
      zh: '长按秤底部按键，直到屏幕出现蓝牙标志，然后站上秤。请准备好秤上的用户编号和 PIN 码。',
    },
    source: 'oliexdev/openScale; KristianP26/ble-scale-sync',
  },
  {
    profile: 'weight-scale',
    says: {
      en: 'Step on the scale without shoes and wait until it has weighed.',
      zh: '请脱鞋站上体重秤，等待称重完成。',
    },
    source: 'Weight Scale Profile 1.0.1, 5.2',
  },
  {
    profile: 'body-composition',
    says: {
      en: 'Step on the scale barefoot and stand still until it has measured. Have the user number and the PIN of the scale at hand, where it has them.',
      zh: '请赤脚站上秤并保持静止，直到测量完成。若秤设有用户编号和 PIN 码，请准备好。',
    },
    source: 'Weight Scale Profile 1.0.1, 5.2; oliexdev/openScale',
  },
  {
    profile: 'thermometer',
    says: {
      en: 'Take a temperature and wait for the beep, or hold the button until the Bluetooth sign blinks.',
      zh: '测量一次体温并等待提示音，或长按按键直到蓝牙标志闪烁。',
    },
    source: 'Health Thermometer Profile 1.0, 5.2',
  },
  {
    profile: 'heart-rate',
    says: {
      en: 'Moisten the strap and put it on: it is heard only while it is worn.',
      zh: '润湿心率带并佩戴好：只有佩戴时才会发出信号。',
    },
    source: 'Heart Rate Profile 1.0, 5.2; Polar H10 manual',
  },
];

/** Hints for a device that was heard, one for each profile it speaks; for one that was not, none. */
export function hintsFor({ name, profiles }: { name?: string; profiles: readonly string[] }): PairingHint[] {
  return profiles.flatMap((profile) => {
    const its = pairingHints.filter((hint) => hint.profile === profile);
    const hint = its.find(({ names }) => names && name && names.test(name)) ?? its.find(({ names }) => !names);
    return hint ? [hint] : [];
  });
}
