-- Reserved instances that EC2 tells of end when it says so: sold, exchanged and modified ones end early.

-- By hand: who may what.
GRANT UPDATE ("ends_at") ON "commitment" TO berth_worker;
