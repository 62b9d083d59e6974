" Files that are plans.
autocmd BufRead,BufNewFile *.ha setfiletype handover
