// The table of pages. To add one: its file, and its row here.
//
//   name    the first word of its address, #/NAME
//   title   what the menu and the window's title call it
//   icon    of icons.js; a page without one is not in the menu
//   key     G and this key go there
//   admin   for super admins only
//   open    (view) => nothing, or a function that is called when the address changes within the
//           page. `view` has root (to put elements into), route (router.js) and signal (ends when
//           the page is left).

import {open as overview} from './page-overview.js';
import {open as jobs} from './page-jobs.js';
import {open as job} from './page-job.js';
import {open as add} from './page-new.js';
import {open as dead} from './page-dead.js';
import {open as workers} from './page-workers.js';
import {open as types} from './page-types.js';
import {open as schedules} from './page-schedules.js';
import {open as projects} from './page-projects.js';
import {open as project} from './page-project.js';

export const pages = [
    {name: 'overview', title: 'Overview', icon: 'overview', key: 'o', open: overview},
    {name: 'jobs', title: 'Jobs', icon: 'jobs', key: 'j', open: jobs},
    {name: 'job', title: 'Job', parent: 'jobs', open: job},
    {name: 'new', title: 'New job', icon: 'add', key: 'n', open: add},
    {name: 'dead', title: 'Dead letter', icon: 'dead', key: 'd', open: dead},
    {name: 'workers', title: 'Workers', icon: 'workers', key: 'w', admin: true, open: workers},
    {name: 'types', title: 'Types', icon: 'types', key: 't', admin: true, open: types},
    {name: 'schedules', title: 'Schedules', icon: 'schedules', key: 's', open: schedules},
    {name: 'projects', title: 'Projects', icon: 'projects', key: 'p', open: projects},
    {name: 'project', title: 'Project', parent: 'projects', open: project},
];
