import { openDataFolder } from '#runtime/servers/data-folder.ts';

/** A process that holds a data folder until it is killed: `node lone-holder.ts <folder>`. Says `held`. */
openDataFolder(process.argv[2]!);
console.log('held');
setInterval(() => {}, 60_000);
